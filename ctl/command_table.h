// What podnamectl can be told: its commands, flags and exit codes, described once. The parser, the help texts, the man
// page and the shells' completions are all made from these descriptions.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace podnamed::ctl {

enum ExitCode : int {
  kOk = 0,
  kFailure = 1,         // of use, of connection, of the server
  kDoesNotResolve = 2,  // as getent says it
};

struct FlagDescription {
  std::string_view name;           // without its dash
  std::string_view value;          // what stands for its value: "ADDRESS"; empty: it has none
  std::string_view default_value;  // empty: none
  std::string_view text;
  std::vector<std::string_view> choices = {};  // for completion
};

struct ExampleDescription {
  std::string_view command;
  std::string_view text;
};

struct CommandDescription {
  std::string_view name;
  std::string_view arguments;  // "NAME [TYPE]"
  size_t min_arguments = 0;
  size_t max_arguments = 0;
  std::string_view summary;            // one line
  std::vector<std::string_view> text;  // paragraphs
  std::vector<FlagDescription> flags;
  std::vector<ExampleDescription> examples;
  std::vector<std::string_view> first_choices = {};   // for completion: of the first argument
  std::vector<std::string_view> second_choices = {};  // and of the second
};

struct ExitCodeDescription {
  ExitCode code;
  std::string_view text;
};

inline constexpr std::string_view kProgram = "podnamectl";
inline constexpr std::string_view kSummary = "look into a running podnamed";

const std::vector<FlagDescription>& GlobalFlags();
const std::vector<CommandDescription>& Commands();
const std::vector<ExitCodeDescription>& ExitCodes();
// nullptr if there is no such command.
const CommandDescription* FindCommand(std::string_view name);

}  // namespace podnamed::ctl
