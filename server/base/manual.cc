#include "server/base/manual.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/program_options/value_semantic.hpp>
#include <cctype>

namespace podnamed::base {
namespace {

namespace po = boost::program_options;

std::string Entry(std::string_view head, std::string_view text) { return fmt::format(".TP\n{}\n{}\n", head, text); }

// Boost has the name of a value and its default in one text: "FILE (=Corefile)".
std::string FlagEntry(const po::option_description& flag) {
  const std::string parameter = flag.format_parameter();
  const size_t space = parameter.find(" (=");
  std::string head = fmt::format("\\fB\\-{}\\fR", TroffText(flag.long_name()));
  std::string text = TroffText(flag.description());
  if (!parameter.empty()) head += fmt::format(" \\fI{}\\fR", TroffText(parameter.substr(0, space)));
  if (space != std::string::npos) text += " (" + TroffText(parameter.substr(space + 3));
  return Entry(head, text + ".");
}

std::string UpperCase(std::string_view text) {
  std::string upper(text);
  std::ranges::transform(upper, upper.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return upper;
}

}  // namespace

std::string TroffText(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\\') {
      escaped += "\\e";
    } else if (c == '-') {
      escaped += "\\-";
    } else {
      escaped += c;
    }
  }
  if (escaped.starts_with('.') || escaped.starts_with('\'')) escaped.insert(0, "\\&");
  return escaped;
}

std::string ManualHead(std::string_view name, int chapter, std::string_view summary, std::string_view version) {
  return fmt::format(".TH {} {} \"\" \"podnamed {}\" \"podnamed\"\n.SH NAME\n{} \\- {}\n", TroffText(UpperCase(name)),
                     chapter, version, TroffText(name), TroffText(summary));
}

std::string ManualReferences(const std::vector<ManualReference>& references) {
  std::string text = ".SH SEE ALSO\n";
  for (const ManualReference& reference : references) {
    const bool is_last = &reference == &references.back();
    text += fmt::format(".BR {} ({}){}\n", TroffText(reference.name), reference.chapter, is_last ? "" : ",");
  }
  return text;
}

std::string ManualPage(const Manual& manual, const po::options_description& flags, std::string_view version) {
  std::string page = ManualHead(manual.name, manual.chapter, manual.summary, version);
  page += fmt::format(".SH SYNOPSIS\n.B {}\n[\\fIFLAGS\\fR]\n.SH DESCRIPTION\n", TroffText(manual.name));
  for (const std::string_view paragraph : manual.description) {
    if (paragraph != manual.description.front()) page += ".PP\n";
    page += TroffText(paragraph) + "\n";
  }
  page += ".SH OPTIONS\nAs \\-name value or \\-name=value, also with two dashes.\n";
  for (const auto& flag : flags.options()) page += FlagEntry(*flag);
  for (const ManualSection& section : manual.sections) {
    page += fmt::format(".SH {}\n", TroffText(section.title));
    for (const ManualEntry& entry : section.entries) {
      page += Entry(fmt::format("\\fB{}\\fR", TroffText(entry.term)), TroffText(entry.text));
    }
  }
  return page + ManualReferences(manual.see_also);
}

}  // namespace podnamed::base
