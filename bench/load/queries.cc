#include "bench/load/queries.h"

#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace podnamed::bench {
namespace {

constexpr size_t kHeader = 12;
constexpr uint8_t kTruncated = 0x02;  // in the header's third octet
constexpr size_t kPlainUdpLimit = 512;
constexpr size_t kTcpLimit = 65535;
constexpr size_t kOptRecord = 11;

std::optional<uint16_t> TypeNumber(absl::string_view type) {
  if (type == "A") return 1;
  if (type == "PTR") return 12;
  if (type == "AAAA") return 28;
  if (type == "SRV") return 33;
  return std::nullopt;
}

std::optional<uint8_t> RcodeNumber(absl::string_view rcode) {
  if (rcode == "NOERROR") return 0;
  if (rcode == "NXDOMAIN") return 3;
  return std::nullopt;
}

void Append16(uint16_t value, std::vector<uint8_t>& octets) {
  octets.push_back(static_cast<uint8_t>(value >> 8));
  octets.push_back(static_cast<uint8_t>(value));
}

void AppendHeader(bool edns, std::vector<uint8_t>& octets) {
  const uint8_t additionals = edns ? 1 : 0;
  octets.insert(octets.end(), {0, 0, 0x01, 0x00});                  // id 0, RD
  octets.insert(octets.end(), {0, 1, 0, 0, 0, 0, 0, additionals});  // one question
}

// False if a label is not one of the wire.
bool AppendName(absl::string_view name, std::vector<uint8_t>& octets) {
  for (const absl::string_view label : absl::StrSplit(name, '.')) {
    if (label.empty() || label.size() > 63) return false;
    octets.push_back(static_cast<uint8_t>(label.size()));
    octets.insert(octets.end(), label.begin(), label.end());
  }
  octets.push_back(0);
  return true;
}

void AppendOpt(std::vector<uint8_t>& octets) {
  octets.insert(octets.end(), {0, 0, 41});  // owner ".", type OPT
  Append16(kEdnsPayload, octets);
  octets.insert(octets.end(), {0, 0, 0, 0, 0, 0});  // extended rcode, version and flags; no options
}

std::string NameOf(absl::Span<const uint8_t> packet) {
  std::string name;
  for (size_t at = kHeader; packet[at] != 0; at += size_t{packet[at]} + 1) {
    name.append(packet.begin() + at + 1, packet.begin() + at + 1 + packet[at]);
    name += '.';
  }
  return name;
}

uint16_t Answers(absl::Span<const uint8_t> reply) { return static_cast<uint16_t>(reply[6] << 8 | reply[7]); }
uint8_t Rcode(absl::Span<const uint8_t> reply) { return reply[3] & 0x0f; }
bool IsTruncated(absl::Span<const uint8_t> reply) { return (reply[2] & kTruncated) != 0; }

}  // namespace

absl::StatusOr<QueryList> QueryList::Read(std::istream& file, const std::string& path, const QueryOptions& options) {
  const size_t limit = options.tcp ? kTcpLimit : options.edns ? kEdnsPayload : kPlainUdpLimit;
  QueryList list;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    const std::vector<absl::string_view> words = absl::StrSplit(line, ' ');
    const auto bad = [&](absl::string_view what) {
      return absl::InvalidArgumentError(absl::StrCat(path, ":", number, ": ", what,
                                                     "; expected NAME. TYPE RCODE ANSWERS OCTETS, found '", line, "'"));
    };
    if (words.size() != 5) return bad("not five words");
    const std::optional<uint16_t> type = TypeNumber(words[1]);
    if (!type) return bad("a type that no load asks for");
    const std::optional<uint8_t> rcode = RcodeNumber(words[2]);
    if (!rcode) return bad("an rcode that no load expects");
    uint32_t answers = 0;
    uint32_t octets = 0;
    if (!absl::SimpleAtoi(words[3], &answers) || !absl::SimpleAtoi(words[4], &octets)) return bad("not a number");

    Query query{.begin = static_cast<uint32_t>(list.octets_.size()),
                .size = 0,
                .answers = static_cast<uint16_t>(answers),
                .rcode = *rcode,
                .fits = octets + (options.edns ? kOptRecord : 0) <= limit};
    AppendHeader(options.edns, list.octets_);
    if (!absl::EndsWith(words[0], ".") || !AppendName(words[0].substr(0, words[0].size() - 1), list.octets_)) {
      return bad("not a name with its last dot");
    }
    Append16(*type, list.octets_);
    Append16(1, list.octets_);  // IN
    if (options.edns) AppendOpt(list.octets_);
    query.size = static_cast<uint16_t>(list.octets_.size() - query.begin);
    list.queries_.push_back(query);
  }
  if (file.bad()) return absl::DataLossError(absl::StrCat("cannot read ", path));
  if (list.queries_.empty()) return absl::InvalidArgumentError(absl::StrCat(path, " holds no query"));
  return list;
}

Judgement QueryList::Judge(size_t index, absl::Span<const uint8_t> reply) const {
  const Query& query = queries_[index];
  if (reply.size() < kHeader || Rcode(reply) != query.rcode || IsTruncated(reply) == query.fits) {
    return Judgement::kWrong;
  }
  if (!query.fits) return Judgement::kRightTruncated;
  return Answers(reply) == query.answers ? Judgement::kRight : Judgement::kWrong;
}

std::string QueryList::Explain(size_t index, absl::Span<const uint8_t> reply) const {
  const Query& query = queries_[index];
  const absl::Span<const uint8_t> packet = Packet(index);
  const std::string name = NameOf(packet);
  const size_t type = kHeader + name.size() + 1;
  std::string text = absl::StrCat(name, " type ", packet[type] << 8 | packet[type + 1], ": expected rcode ",
                                  query.rcode, " with ", query.answers, " answers", query.fits ? "" : ", truncated");
  if (reply.size() < kHeader) return absl::StrCat(text, "; found ", reply.size(), " octets");
  return absl::StrCat(text, "; found rcode ", Rcode(reply), " with ", Answers(reply), " answers",
                      IsTruncated(reply) ? ", truncated" : "");
}

}  // namespace podnamed::bench
