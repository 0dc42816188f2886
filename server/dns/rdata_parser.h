// Rdata as a zone file writes it (RFC 1035 section 5.1, and the documents of the types), to octets as they go on the
// wire. Not on a query's path. Values; any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "server/dns/name.h"
#include "server/dns/types.h"

namespace podnamed::dns {

// A word of a zone file, without its quotes; escapes stand as they were written.
struct TextWord {
  std::string_view text;
  bool is_quoted = false;
};

// Names in the rdata that do not end with a dot are below `origin`, and "@" is it. Types that this does not know are
// written as RFC 3597 section 5 has it ("\# 4 0a000001"), and all others may be. An error says what was found and what
// was expected, and `word_at_fault` which word it means; words.size(): one is missing.
absl::StatusOr<std::string> ParseRdata(RecordType type, absl::Span<const TextWord> words, const Name& origin,
                                       size_t& word_at_fault);

// A name of a zone file: "www", "www.example.org.", "@".
absl::StatusOr<Name> ParseRelativeName(const TextWord& word, const Name& origin);

// Seconds: "3600", or "1h30m" as BIND writes them; std::nullopt for what is none, or more than a TTL can be (RFC 2181
// section 8).
std::optional<uint32_t> ParseSeconds(std::string_view text);

}  // namespace podnamed::dns
