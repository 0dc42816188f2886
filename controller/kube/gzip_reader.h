// Text that comes in gzip (RFC 1952), piece by piece. Pure; one thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace podnamed::kube {

class GzipReader {
 public:
  GzipReader();
  ~GzipReader();

  // Appends to `text` what these octets hold. Error: they are no gzip, or damaged; use it no more.
  absl::Status Read(std::string_view octets, std::string* text);

  // Whether the end of the text has been seen, and its checksum was right.
  bool is_done() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace podnamed::kube
