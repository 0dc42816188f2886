#include "ctl/documents.h"

#include <fmt/format.h>

#include <vector>

#include "server/base/manual.h"

namespace podnamed::ctl {
namespace {

constexpr size_t kWidth = 100;

// Breaks at spaces; every line begins with `indent`.
std::string Wrap(std::string_view text, std::string_view indent) {
  std::string wrapped;
  std::string line(indent);
  while (!text.empty()) {
    const size_t space = text.find(' ');
    const std::string_view word = text.substr(0, space);
    text = space == std::string_view::npos ? std::string_view() : text.substr(space + 1);
    if (line.size() > indent.size() && line.size() + 1 + word.size() > kWidth) {
      wrapped += line + "\n";
      line = indent;
    }
    if (line.size() > indent.size()) line += " ";
    line += word;
  }
  return wrapped + line + "\n";
}

std::string FlagHead(const FlagDescription& flag) {
  return fmt::format("-{}{}{}", flag.name, flag.value.empty() ? "" : " ", flag.value);
}

std::string FlagText(const FlagDescription& flag) {
  if (flag.default_value.empty()) return std::string(flag.text);
  return fmt::format("{} ({})", flag.text, flag.default_value);
}

std::string FlagLines(const std::vector<FlagDescription>& flags) {
  std::string lines;
  for (const FlagDescription& flag : flags) lines += fmt::format("  {:<20}  {}\n", FlagHead(flag), FlagText(flag));
  return lines;
}

std::string CommandHead(const CommandDescription& command) {
  return fmt::format("{}{}{}", command.name, command.arguments.empty() ? "" : " ", command.arguments);
}

std::string ManFlags(const std::vector<FlagDescription>& flags) {
  std::string lines;
  for (const FlagDescription& flag : flags) {
    lines += fmt::format(".TP\n\\fB\\-{}\\fR{}{}\n", base::TroffText(flag.name), flag.value.empty() ? "" : " ",
                         flag.value.empty() ? "" : fmt::format("\\fI{}\\fR", base::TroffText(flag.value)));
    lines += base::TroffText(FlagText(flag)) + ".\n";
  }
  return lines;
}

std::string Words(const std::vector<std::string_view>& words) { return fmt::format("{}", fmt::join(words, " ")); }

std::string FlagWords(const std::vector<FlagDescription>& flags) {
  std::vector<std::string> words;
  for (const FlagDescription& flag : flags) words.push_back(fmt::format("-{}", flag.name));
  return fmt::format("{}", fmt::join(words, " "));
}

std::string CommandWords() {
  std::vector<std::string_view> words;
  for (const CommandDescription& command : Commands()) words.push_back(command.name);
  return Words(words);
}

// Every flag that has a value, once.
std::vector<FlagDescription> FlagsWithValues() {
  std::vector<FlagDescription> flags;
  const auto add = [&](const std::vector<FlagDescription>& some) {
    for (const FlagDescription& flag : some) {
      bool is_known = flag.value.empty();
      for (const FlagDescription& known : flags) is_known = is_known || known.name == flag.name;
      if (!is_known) flags.push_back(flag);
    }
  };
  add(GlobalFlags());
  for (const CommandDescription& command : Commands()) add(command.flags);
  return flags;
}

}  // namespace

std::string HelpText() {
  std::string text =
      fmt::format("{}: {}\n\nUsage: {} [FLAGS] COMMAND [ARGUMENTS]\n\nCommands:\n", kProgram, kSummary, kProgram);
  for (const CommandDescription& command : Commands()) {
    text += fmt::format("  {:<32}  {}\n", CommandHead(command), command.summary);
  }
  text += fmt::format("\nFlags (-name value or -name=value, anywhere):\n{}\nExit codes:\n", FlagLines(GlobalFlags()));
  for (const ExitCodeDescription& code : ExitCodes()) text += fmt::format("  {}  {}\n", int{code.code}, code.text);
  return text + fmt::format("\n{} COMMAND -help says more of a command, {} -man all of it.\n", kProgram, kProgram);
}

std::string HelpText(const CommandDescription& command) {
  std::string text = fmt::format("Usage: {} {} [FLAGS]\n\n", kProgram, CommandHead(command));
  for (const std::string_view paragraph : command.text) text += Wrap(paragraph, "") + "\n";
  if (!command.flags.empty()) text += fmt::format("Flags:\n{}\n", FlagLines(command.flags));
  text += fmt::format("Flags of every command:\n{}\nExamples:\n", FlagLines(GlobalFlags()));
  for (const ExampleDescription& example : command.examples) {
    text += fmt::format("  {}\n      {}\n", example.command, example.text);
  }
  return text;
}

std::string ManPage(std::string_view version) {
  std::string page = base::ManualHead(kProgram, 1, kSummary, version);
  page += fmt::format(".SH SYNOPSIS\n.B {}\n[\\fIFLAGS\\fR] \\fICOMMAND\\fR [\\fIARGUMENTS\\fR]\n", kProgram);
  page +=
      ".SH DESCRIPTION\n"
      "Asks a running\n.BR podnamed ,\nthe name server of pods, what it knows and why it answers as it does. It never\n"
      "stands in the way of a query: what it shows is the state that queries see.\n"
      ".SH COMMANDS\n";
  for (const CommandDescription& command : Commands()) {
    page += fmt::format(".SS \"{} {}\"\n{}.\n", kProgram, base::TroffText(CommandHead(command)),
                        base::TroffText(command.summary));
    for (const std::string_view paragraph : command.text) page += fmt::format(".PP\n{}\n", base::TroffText(paragraph));
    page += ManFlags(command.flags);
  }
  page += fmt::format(
      ".SH OPTIONS\nOf every command, before or behind it, as \\-name value or \\-name=value, also with two "
      "dashes.\n{}",
      ManFlags(GlobalFlags()));
  page += ".SH EXIT STATUS\n";
  for (const ExitCodeDescription& code : ExitCodes()) {
    page += fmt::format(".TP\n.B {}\n{}.\n", int{code.code}, base::TroffText(code.text));
  }
  page += ".SH EXAMPLES\n";
  for (const CommandDescription& command : Commands()) {
    for (const ExampleDescription& example : command.examples) {
      page += fmt::format(".TP\n.B {}\n{}.\n", base::TroffText(example.command), base::TroffText(example.text));
    }
  }
  return page + base::ManualReferences({{.name = "dig", .chapter = 1},
                                        {.name = "resolv.conf", .chapter = 5},
                                        {.name = "podnamed", .chapter = 8}});
}

std::string BashCompletion() {
  std::string script = fmt::format(
      "# bash completion for {0}; made by {0} -completion bash\n"
      "_{0}() {{\n"
      "  local word current= previous= command= arguments=0 i\n"
      "  for ((i = 1; i <= COMP_CWORD; i++)); do\n"
      "    word=${{COMP_WORDS[i]}}\n"
      "    # bash breaks words at the : of an address and the = of a flag\n"
      "    if [[ $word == [:=]* || $current == *[:=] ]]; then current+=$word; continue; fi\n"
      "    case $previous/$current in\n",
      kProgram);
  std::string values;
  for (const FlagDescription& flag : FlagsWithValues()) {
    script += fmt::format("      -{0}/*|--{0}/*) ;;\n", flag.name);
    values += fmt::format("    -{0}|--{0}) COMPREPLY=($(compgen -W '{1}' -- \"$current\")); return ;;\n", flag.name,
                          Words(flag.choices));
  }
  script += fmt::format(
      "      */|*/-*) ;;\n"
      "      *) if [[ -z $command ]]; then command=$current; else ((arguments++)); fi ;;\n"
      "    esac\n"
      "    previous=$current current=$word\n"
      "  done\n"
      "  if [[ $current == -*=* ]]; then previous=${{current%%=*}} current=${{current#*=}}; fi\n"
      "  case $previous in\n"
      "{}"
      "  esac\n"
      "  local words=\n"
      "  case $command:$arguments in\n"
      "    :*) words='{}' ;;\n",
      values, CommandWords());
  for (const CommandDescription& command : Commands()) {
    if (!command.first_choices.empty()) {
      script += fmt::format("    {}:0) words='{}' ;;\n", command.name, Words(command.first_choices));
    }
    if (!command.second_choices.empty()) {
      script += fmt::format("    {}:1) words='{}' ;;\n", command.name, Words(command.second_choices));
    }
  }
  script += fmt::format("  esac\n  if [[ $current == -* ]]; then\n    words='{}'\n    case $command in\n",
                        FlagWords(GlobalFlags()));
  for (const CommandDescription& command : Commands()) {
    if (command.flags.empty()) continue;
    script += fmt::format("      {}) words+=' {}' ;;\n", command.name, FlagWords(command.flags));
  }
  return script +
         fmt::format(
             "    esac\n  fi\n  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n}}\ncomplete -F _{0} {0}\n",
             kProgram);
}

std::string ZshCompletion() {
  return fmt::format("#compdef {0}\n# made by {0} -completion zsh\nautoload -U +X bashcompinit && bashcompinit\n{1}",
                     kProgram, BashCompletion());
}

}  // namespace podnamed::ctl
