#include "ctl/command_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/program_options/options_description.hpp>
#include <boost/program_options/value_semantic.hpp>
#include <boost/program_options/variables_map.hpp>
#include <utility>

#include "server/base/flags.h"
#include "server/base/status.h"

namespace podnamed::ctl {
namespace {

namespace po = boost::program_options;

void Add(const std::vector<FlagDescription>& descriptions, po::options_description& flags) {
  for (const FlagDescription& description : descriptions) {
    const std::string name(description.name);
    if (flags.find_nothrow(name, false) != nullptr) continue;  // of two commands
    if (description.value.empty()) {
      flags.add_options()(name.c_str(), po::bool_switch());
    } else {
      flags.add_options()(name.c_str(),
                          po::value<std::string>()->default_value(std::string(description.default_value)));
    }
  }
}

po::options_description AllFlags() {
  po::options_description flags;
  Add(GlobalFlags(), flags);
  for (const CommandDescription& command : Commands()) Add(command.flags, flags);
  return flags;
}

bool Has(const std::vector<FlagDescription>& flags, std::string_view name) {
  return std::any_of(flags.begin(), flags.end(), [&](const auto& flag) { return flag.name == name; });
}

absl::Status Expected(std::string_view what, std::string_view found, std::string_view expected) {
  return absl::InvalidArgumentError(fmt::format("{}: found \"{}\", expected {}", what, found, expected));
}

absl::Status CheckFlags(const po::variables_map& values, const CommandDescription* command) {
  for (const auto& [name, value] : values) {
    if (value.defaulted() || Has(GlobalFlags(), name)) continue;
    if (command != nullptr && Has(command->flags, name)) continue;
    return absl::InvalidArgumentError(
        fmt::format("-{} is no flag of {}; -help lists them", name, command == nullptr ? kProgram : command->name));
  }
  for (const FlagDescription& flag : GlobalFlags()) {
    if (flag.choices.empty()) continue;
    const auto& value = values[std::string(flag.name)];
    const auto& text = value.as<std::string>();
    if (value.defaulted() || std::find(flag.choices.begin(), flag.choices.end(), text) != flag.choices.end()) continue;
    return Expected(fmt::format("-{}", flag.name), text, fmt::format("{}", fmt::join(flag.choices, " or ")));
  }
  return absl::OkStatus();
}

absl::Status CheckArguments(const CommandDescription& command, const std::vector<std::string>& arguments) {
  if (arguments.size() < command.min_arguments || arguments.size() > command.max_arguments) {
    return absl::InvalidArgumentError(fmt::format("{}: found {} arguments, expected {}", command.name, arguments.size(),
                                                  command.arguments.empty() ? "none" : command.arguments));
  }
  const auto& choices = command.first_choices;
  if (choices.empty() || std::find(choices.begin(), choices.end(), arguments[0]) != choices.end()) {
    return absl::OkStatus();
  }
  return Expected(command.name, arguments[0], fmt::format("{}", fmt::join(choices, " or ")));
}

}  // namespace

absl::StatusOr<Invocation> ParseCommandLine(int argc, const char* const* argv) {
  std::vector<std::string> words;
  ASSIGN_OR_RETURN(const po::variables_map values, base::ParseFlagsAndWords(argc, argv, AllFlags(), &words));
  Invocation invocation;
  const auto text = [&](const char* name) { return values[name].as<std::string>(); };
  invocation.man = values["man"].as<bool>();
  invocation.version = values["version"].as<bool>();
  invocation.help = values["help"].as<bool>();
  if (!words.empty() && words[0] == "help") {
    invocation.help = true;
    words.erase(words.begin());
  }
  if (!words.empty()) {
    invocation.command = FindCommand(words[0]);
    if (invocation.command == nullptr) {
      std::vector<std::string_view> names;
      for (const CommandDescription& command : Commands()) names.push_back(command.name);
      return Expected("the command", words[0], fmt::format("{}", fmt::join(names, ", ")));
    }
    invocation.arguments.assign(words.begin() + 1, words.end());
  }
  RETURN_IF_ERROR(CheckFlags(values, invocation.command));
  invocation.completion = text("completion");
  if (invocation.man || invocation.version || invocation.help || !invocation.completion.empty()) return invocation;
  if (invocation.command == nullptr) return absl::InvalidArgumentError("found no command; -help lists them");
  RETURN_IF_ERROR(CheckArguments(*invocation.command, invocation.arguments));
  absl::StatusOr<base::ListenAddress> server = base::ParseListenAddress(text("server"));
  if (!server.ok()) return Expected("-server", text("server"), "unix:PATH, HOST:PORT or :PORT");
  invocation.server = *std::move(server);
  invocation.json = text("o") == "json";
  invocation.as = text("as");
  invocation.source = text("source");
  if (!absl::ParseDuration(text("timeout"), &invocation.timeout) || invocation.timeout <= absl::ZeroDuration()) {
    return Expected("-timeout", text("timeout"), "a time like 500ms or 5s");
  }
  return invocation;
}

}  // namespace podnamed::ctl
