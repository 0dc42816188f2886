// Command lines as Go's flag package reads them, which CoreDNS's users know: -name value, -name=value, --name as well.
// Called by main.
#pragma once

#include <boost/program_options/options_description.hpp>
#include <boost/program_options/variables_map.hpp>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace podnamed::base {

// Flags, and words that belong to none, in any order; the words go to `words`. A flag that is unknown or lacks its
// value is an error, and so is one given twice that takes a single value.
absl::StatusOr<boost::program_options::variables_map> ParseFlagsAndWords(
    int argc, const char* const* argv, const boost::program_options::options_description& flags,
    std::vector<std::string>* words);

// Flags only: a word that belongs to no flag is an error, as is a flag that is unknown or lacks its value.
absl::StatusOr<boost::program_options::variables_map> ParseFlags(
    int argc, const char* const* argv, const boost::program_options::options_description& flags);

}  // namespace podnamed::base
