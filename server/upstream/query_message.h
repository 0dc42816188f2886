// The octets of one query to an upstream, and whether what comes back answers it. Pure; one thread.
//
// What makes a reply hard to forge for those who do not see the query (RFC 5452 section 9.2): its id, its question, and
// the question's letters, each in upper or lower case by chance, which an upstream copies
// (draft-vixie-dnsext-dns0x20-00). The port is the socket's part.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/types/span.h"
#include "server/dns/edns.h"
#include "server/dns/name.h"
#include "server/dns/types.h"
#include "server/upstream/question.h"
#include "server/upstream/random_source.h"

namespace podnamed::upstream {

enum class Match {
  kReply,          // answers the query
  kOtherLetters,   // answers it, but with other letters than were sent, and these were mixed
  kOtherQuestion,  // has the query's id and not its question
  kOtherId,
  kNoReply,  // a query itself, of another opcode, or shorter than a header
};

class QueryMessage {
 public:
  explicit QueryMessage(const Question& question);

  uint16_t id() const { return static_cast<uint16_t>(octets_[0] << 8 | octets_[1]); }
  void set_id(uint16_t id);
  // Each letter of the name in upper or lower case, by chance. From now on Match::kOtherLetters is possible.
  void MixLetters(RandomSource& random);
  // Letters were mixed and one at least is a capital, so that an upstream that folds them gives itself away.
  bool shows_folding() const { return shows_folding_; }

  absl::Span<const uint8_t> octets() const { return octets_; }

  Match Compare(absl::Span<const uint8_t> reply) const;

  // Gives the reply the letters of the question that was asked, and id 0. Names further on that point to the question
  // take its letters with them; those that a server writes out in full keep the letters that it gave them.
  // REQUIRES: Compare gave kReply or kOtherLetters.
  void Restore(absl::Span<uint8_t> reply) const;

 private:
  std::string_view sent_name() const {
    return {reinterpret_cast<const char*>(octets_.data()) + dns::kHeaderLength, asked_name_.wire().size()};
  }

  dns::Name asked_name_;
  dns::RecordType type_;
  dns::RecordClass record_class_;
  bool has_mixed_letters_ = false;
  bool shows_folding_ = false;
  std::vector<uint8_t> octets_;
};

}  // namespace podnamed::upstream
