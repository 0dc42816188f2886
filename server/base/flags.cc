#include "server/base/flags.h"

#include <boost/program_options/parsers.hpp>

namespace podnamed::base {

namespace po = boost::program_options;

absl::StatusOr<po::variables_map> ParseFlagsAndWords(int argc, const char* const* argv,
                                                     const po::options_description& flags,
                                                     std::vector<std::string>* words) {
  namespace style = po::command_line_style;
  constexpr int kGoStyle =
      style::allow_long | style::allow_long_disguise | style::long_allow_adjacent | style::long_allow_next;
  try {
    const po::parsed_options parsed =
        po::command_line_parser(argc, argv).options(flags).style(kGoStyle).allow_unregistered().run();
    for (const std::string& word : po::collect_unrecognized(parsed.options, po::include_positional)) {
      if (word.starts_with('-')) return absl::InvalidArgumentError("\"" + word + "\" is no flag; -help lists them");
      words->push_back(word);
    }
    po::variables_map values;
    po::store(parsed, values);
    po::notify(values);
    return values;
  } catch (const po::error& error) {  // the library's only way to say no
    return absl::InvalidArgumentError(error.what());
  }
}

absl::StatusOr<po::variables_map> ParseFlags(int argc, const char* const* argv, const po::options_description& flags) {
  std::vector<std::string> words;
  absl::StatusOr<po::variables_map> values = ParseFlagsAndWords(argc, argv, flags, &words);
  if (!values.ok() || words.empty()) return values;
  return absl::InvalidArgumentError("\"" + words.front() + "\" is no flag; -help lists them");
}

}  // namespace podnamed::base
