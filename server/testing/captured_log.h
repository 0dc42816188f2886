// What is logged while this lives, in place of standard error: for tests that wait for a line.
#pragma once

#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>
#include <thread>

namespace podnamed::testing {

class CapturedLog {
 public:
  CapturedLog() : file_(std::tmpfile()), stderr_(dup(STDERR_FILENO)) { dup2(fileno(file_), STDERR_FILENO); }
  ~CapturedLog() {
    dup2(stderr_, STDERR_FILENO);
    close(stderr_);
    std::fclose(file_);
  }
  CapturedLog(const CapturedLog&) = delete;
  CapturedLog& operator=(const CapturedLog&) = delete;

  std::string text() const {
    std::string text;
    std::array<char, 4096> piece;
    for (ssize_t size;
         (size = pread(fileno(file_), piece.data(), piece.size(), static_cast<off_t>(text.size()))) > 0;) {
      text.append(piece.data(), static_cast<size_t>(size));
    }
    return text;
  }
  // False if it does not come within 20 s.
  bool WaitFor(std::string_view what) const {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (text().find(what) == std::string::npos) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
  }

 private:
  FILE* const file_;
  const int stderr_;
};

}  // namespace podnamed::testing
