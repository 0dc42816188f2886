#include "server/upstream/random_source.h"

#include <sys/random.h>

#include <cerrno>
#include <cstdlib>

#include "server/base/log.h"

namespace podnamed::upstream {

void RandomSource::Refill() {
  size_t filled = 0;
  while (filled < octets_.size()) {
    const ssize_t count = getrandom(octets_.data() + filled, octets_.size() - filled, 0);
    if (count < 0 && errno != EINTR) {
      base::LogError("upstream",
                     "the kernel gives no random octets (getrandom): ids could be guessed, so podnamed ends");
      std::abort();
    }
    if (count > 0) filled += static_cast<size_t>(count);
  }
  used_ = 0;
}

}  // namespace podnamed::upstream
