#include "server/base/log.h"

#include <spdlog/async.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <thread>

#include "server/base/query_log.h"

namespace podnamed::base {
namespace {

constexpr size_t kQueueLines = 8192;

// The one global that a log is: set by StartLogging before other threads start, cleared after they ended.
std::shared_ptr<spdlog::async_logger>& Logger() {
  static std::shared_ptr<spdlog::async_logger> logger;
  return logger;
}

std::string_view NameOf(LogLevel level) {
  switch (level) {
    case LogLevel::kInfo:
      return "INFO";
    case LogLevel::kWarning:
      return "WARNING";
    case LogLevel::kError:
      return "ERROR";
  }
  return "";
}

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

}  // namespace

void StartLogging(bool quiet) {
  spdlog::init_thread_pool(kQueueLines, 1);
  Logger() =
      std::make_shared<spdlog::async_logger>("podnamed", std::make_shared<spdlog::sinks::stdout_sink_mt>(),
                                             spdlog::thread_pool(), spdlog::async_overflow_policy::overrun_oldest);
  Logger()->set_pattern("%v");  // CoreDNS's lines carry no time stamp: the container's log has its own
  Logger()->set_level(quiet ? spdlog::level::warn : spdlog::level::info);
  Logger()->flush_on(spdlog::level::info);
}

void StopLogging() {
  Logger().reset();
  spdlog::shutdown();  // joins the writer after the queue is written
}

void WriteLog(LogLevel level, std::string_view component, std::string_view text) {
  const std::string_view colon = component.empty() ? "" : ": ";
  if (Logger()) {
    Logger()->log(ToSpdlog(level), "[{}] {}{}{}", NameOf(level), component, colon, text);
    return;
  }
  const std::string line = fmt::format("[{}] {}{}{}\n", NameOf(level), component, colon, text);
  std::fwrite(line.data(), 1, line.size(), stderr);
}

void LogFatal(std::string_view component, std::string_view text) {
  constexpr std::chrono::milliseconds kLookAgain(1);
  constexpr int kLooks = 1000;
  const auto pool = spdlog::thread_pool();
  for (int i = 0; i < kLooks && pool && pool->queue_size() > 0; ++i) std::this_thread::sleep_for(kLookAgain);
  const std::string line = fmt::format("[FATAL] {}: {}\n", component, text);
  // Nothing is left to be done where this fails.
  [[maybe_unused]] const ssize_t written = write(Logger() ? STDOUT_FILENO : STDERR_FILENO, line.data(), line.size());
  _exit(1);
}

void WriteQueryLog(std::string_view text) {
  if (Logger()) {
    Logger()->log(spdlog::level::critical, "[INFO] {}", text);  // the level decides, the text says what it is
    return;
  }
  const std::string line = fmt::format("[INFO] {}\n", text);
  std::fwrite(line.data(), 1, line.size(), stderr);
}

uint64_t DroppedLogLines() {
  const auto pool = spdlog::thread_pool();
  return pool ? pool->overrun_counter() : 0;
}

}  // namespace podnamed::base
