// Manual pages in man(7) macros. A program's page is made from the flags that it reads, so the two cannot disagree.
// Pure.
#pragma once

#include <boost/program_options/options_description.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace podnamed::base {

struct ManualEntry {
  std::string_view term;  // in bold: a file, a signal, a command
  std::string_view text;  // a sentence
};

struct ManualSection {
  std::string_view title;  // in capitals: "FILES"
  std::vector<ManualEntry> entries;
};

struct ManualReference {
  std::string_view name;
  int chapter = 0;
};

// What a page says beside the flags.
struct Manual {
  std::string_view name;  // the program's
  int chapter = 0;
  std::string_view summary;                   // one line, without a full stop
  std::vector<std::string_view> description;  // paragraphs
  std::vector<ManualSection> sections;        // behind the flags
  std::vector<ManualReference> see_also;
};

// The text as troff prints it unchanged: no line of it is a request, and dashes stay what they are.
std::string TroffText(std::string_view text);

// The head of a page, to the end of its NAME section.
std::string ManualHead(std::string_view name, int chapter, std::string_view summary, std::string_view version);

// The SEE ALSO section.
std::string ManualReferences(const std::vector<ManualReference>& references);

// The whole page. A flag's line is its name, the name of its value, its text and its default.
std::string ManualPage(const Manual& manual, const boost::program_options::options_description& flags,
                       std::string_view version);

}  // namespace podnamed::base
