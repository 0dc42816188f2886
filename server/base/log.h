// The few log calls we allow: LogInfo, LogWarning, LogError, in CoreDNS's shape "[LEVEL] component: text" on stdout.
// Written by a background thread from a bounded queue; when the queue is full the oldest line is dropped, so a log
// line never makes a query wait. Any thread, between StartLogging and StopLogging; outside of them lines go to
// stderr at once (unit tests).
#pragma once

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace podnamed::base {

enum class LogLevel { kInfo, kWarning, kError };

// Starts the background writer. `quiet` keeps information lines back. Call once, from main.
void StartLogging(bool quiet);
// Writes what is queued and ends the background writer.
void StopLogging();

// Without a component the line is "[LEVEL] text", where CoreDNS has it so.
void WriteLog(LogLevel level, std::string_view component, std::string_view text);

// Writes "[FATAL] component: text" behind what is queued, and ends the process with exit code 1, at once: for what
// makes it worse to go on, as CoreDNS does. Any thread.
[[noreturn]] void LogFatal(std::string_view component, std::string_view text);

template <typename... Args>
void LogInfo(std::string_view component, fmt::format_string<Args...> format, Args&&... args) {
  WriteLog(LogLevel::kInfo, component, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void LogWarning(std::string_view component, fmt::format_string<Args...> format, Args&&... args) {
  WriteLog(LogLevel::kWarning, component, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void LogError(std::string_view component, fmt::format_string<Args...> format, Args&&... args) {
  WriteLog(LogLevel::kError, component, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace podnamed::base
