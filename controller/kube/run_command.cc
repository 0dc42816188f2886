#include "controller/kube/run_command.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <string_view>
#include <system_error>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "controller/kube/text.h"

// GCC 12 takes Asio's own allocation of coroutines for a mismatch under sanitizers.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

namespace podnamed::kube {
namespace {

namespace asio = boost::asio;
using namespace asio::experimental::awaitable_operators;

constexpr auto kAwaitTuple = asio::as_tuple(asio::use_awaitable);
constexpr size_t kMaxComplaint = 500;

std::string Reason(int error) { return std::generic_category().message(error); }

// A child; killed and buried with this value.
class Process {
 public:
  Process() = default;
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process() {
    if (pid_ > 0) {
      kill(-pid_, SIGKILL);  // its children as well
      Bury();
    }
    if (complaints_ >= 0) close(complaints_);
  }

  // Fills `output` with the end of its standard output that is ours, `end` with a descriptor that is readable when it
  // has ended.
  absl::Status Start(const Command& command, int* output, int* end) {
    std::array<int, 2> pipe_ends;
    complaints_ = memfd_create("complaints", MFD_CLOEXEC);
    if (complaints_ < 0 || pipe2(pipe_ends.data(), O_CLOEXEC) != 0) return Failed(command, Reason(errno));
    *output = pipe_ends[0];
    const auto close_write_end = absl::MakeCleanup([&] { close(pipe_ends[1]); });

    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, complaints_, STDERR_FILENO);
    // Asio's sockets would go along. A process that a plugin leaves behind must not hold our ports.
    posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    // Our threads block signals that the program may want to be stopped by, and we ignore SIGPIPE.
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    sigset_t broken_pipe;
    sigemptyset(&broken_pipe);
    sigaddset(&broken_pipe, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes, &broken_pipe);
    // A group of its own.
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);

    std::vector<std::string> texts = {command.program};
    texts.insert(texts.end(), command.arguments.begin(), command.arguments.end());
    std::vector<char*> arguments;
    for (std::string& text : texts) arguments.push_back(text.data());
    arguments.push_back(nullptr);
    std::vector<std::string> settings;
    for (const auto& [name, value] : command.environment) settings.push_back(absl::StrCat(name, "=", value));
    std::vector<char*> environment;
    for (std::string& setting : settings) environment.push_back(setting.data());
    for (char** variable = environ; *variable != nullptr; ++variable) {
      const std::string_view text(*variable);
      const bool is_replaced = std::any_of(settings.begin(), settings.end(), [&](const std::string& setting) {
        return text.starts_with(std::string_view(setting).substr(0, setting.find('=') + 1));
      });
      if (!is_replaced) environment.push_back(*variable);
    }
    environment.push_back(nullptr);

    const int error =
        posix_spawnp(&pid_, command.program.c_str(), &actions, &attributes, arguments.data(), environment.data());
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (error != 0) {
      pid_ = -1;
      return Failed(command, Reason(error));
    }
    // glibc 2.36 declares pidfd_open for C alone.
    *end = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
    return *end < 0 ? Failed(command, Reason(errno)) : absl::OkStatus();
  }

  // REQUIRES: it has ended.
  absl::Status Finish(const Command& command) {
    const int status = Bury();
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return absl::OkStatus();
    const std::string how = WIFEXITED(status) ? fmt::format("exit status {}", WEXITSTATUS(status))
                                              : fmt::format("killed by signal {}", WTERMSIG(status));
    const std::string complaint = LastComplaint();
    return absl::UnavailableError(
        fmt::format("{} failed: {}{}{}", command.program, how, complaint.empty() ? "" : ": ", complaint));
  }

 private:
  static absl::Status Failed(const Command& command, std::string_view why) {
    return absl::UnavailableError(fmt::format("{} cannot be started: {}", command.program, why));
  }

  int Bury() {
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return status;
  }

  std::string LastComplaint() const {
    const off_t size = lseek(complaints_, 0, SEEK_END);
    std::string text(std::min<size_t>(kMaxComplaint, static_cast<size_t>(std::max<off_t>(size, 0))), '\0');
    const ssize_t count = pread(complaints_, text.data(), text.size(), size - static_cast<off_t>(text.size()));
    text.resize(static_cast<size_t>(std::max<ssize_t>(count, 0)));
    const std::string_view trimmed = Stripped(text);
    return std::string(trimmed.substr(trimmed.rfind('\n') + 1));
  }

  pid_t pid_ = -1;
  int complaints_ = -1;  // its standard error
};

// True: all was read, and the program has ended.
asio::awaitable<bool> Collect(asio::posix::stream_descriptor* output, asio::posix::stream_descriptor* end,
                              std::string* text, size_t max_size) {
  std::array<char, 4096> buffer;
  while (true) {
    const auto [error, count] = co_await output->async_read_some(asio::buffer(buffer), kAwaitTuple);
    if (error == asio::error::eof) break;
    if (error || text->size() + count > max_size) co_return false;
    text->append(buffer.data(), count);
  }
  const auto [error] = co_await end->async_wait(asio::posix::stream_descriptor::wait_read, kAwaitTuple);
  co_return !error;
}

}  // namespace

asio::awaitable<absl::StatusOr<std::string>> RunCommand(Command command) {
  const auto executor = co_await asio::this_coro::executor;
  Process process;
  int output = -1;
  int end = -1;
  const absl::Status started = process.Start(command, &output, &end);
  asio::posix::stream_descriptor output_stream(executor);
  asio::posix::stream_descriptor end_stream(executor);
  if (output >= 0) output_stream.assign(output);
  if (end >= 0) end_stream.assign(end);
  if (!started.ok()) co_return started;

  std::string text;
  asio::steady_timer timer(executor, command.deadline);
  const auto done =
      co_await (Collect(&output_stream, &end_stream, &text, command.max_output) || timer.async_wait(kAwaitTuple));
  if (done.index() == 1) {
    co_return absl::DeadlineExceededError(
        fmt::format("{} has not ended within {} s", command.program, command.deadline.count() / 1000));
  }
  if (!std::get<0>(done)) {
    co_return absl::UnavailableError(
        fmt::format("{} has written more than {} octets", command.program, command.max_output));
  }
  if (absl::Status status = process.Finish(command); !status.ok()) co_return status;
  co_return text;
}

}  // namespace podnamed::kube
