// Whatever another server replies: walking it stays inside it and finds what its counts promise; records that are read
// from it, written and read again are the same records.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "server/dns/message_view.h"
#include "server/dns/reply_records.h"
#include "server/dns/response.h"

namespace podnamed::dns {
namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

void CheckWalk(const MessageView& view) {
  Require(view.octets().size() >= kHeaderLength);
  size_t records = 0;
  size_t end = view.section_start(Section::kAnswer);
  for (const RecordView& record : view.records()) {
    NameStorage storage;
    Require(record.start == end && record.ttl_at > record.start && record.rdata_at == record.ttl_at + 6);
    Require(!view.NameAt(record.start, storage).empty());
    end = record.end();
    ++records;
  }
  Require(end == view.octets().size());
  Require(records == view.ttl_count() + (view.opt().has_value() ? 1 : 0));
  for (const Section section : {Section::kAnswer, Section::kAuthority, Section::kAdditional}) {
    size_t count = 0;
    for (const RecordView& record : view.records(section)) count += record.section == section ? 1 : 0;
    Require(count == view.count(section));
  }
}

void CheckTtls(const MessageView& view) {
  std::vector<uint8_t> copy(view.octets().begin(), view.octets().end());
  SetEveryTtl(view, 7, absl::MakeSpan(copy));
  // A malformed owner may point at a TTL, of which no server would think.
  if (const auto changed = MessageView::Read(copy)) Require(changed->lowest_ttl().value_or(7) == 7);
}

// A line for each record: everything that a client would see of it.
struct Lines {
  std::vector<std::string>& lines;
  std::string prefix;

  void Add(const std::string& rdata) const { lines.push_back(prefix + rdata); }
  static std::string Text(const NamePieces& name) { return name.ToName().Folded().ToText(); }
  void operator()(absl::Span<const base::Ipv4Address> list) const {
    for (const auto& address : list) Add(std::string(address.begin(), address.end()));
  }
  void operator()(absl::Span<const base::Ipv6Address> list) const {
    for (const auto& address : list) Add(std::string(address.begin(), address.end()));
  }
  void operator()(absl::Span<const SrvData> list) const {
    for (const SrvData& srv : list) {
      Add(std::to_string(srv.priority) + " " + std::to_string(srv.weight) + " " + std::to_string(srv.port) + " " +
          Text(srv.target));
    }
  }
  void operator()(absl::Span<const NamePieces> list) const {
    for (const NamePieces& name : list) Add(Text(name));
  }
  void operator()(const SoaData& soa) const {
    std::string text = Text(soa.mname) + " " + Text(soa.rname);
    for (const uint32_t number : {soa.serial, soa.refresh, soa.retry, soa.expire, soa.minimum}) {
      text += " " + std::to_string(number);
    }
    Add(text);
  }
  void operator()(const TxtData& txt) const { Add(std::string(txt.text)); }
  void operator()(absl::Span<const RawData> list) const {
    for (const RawData& raw : list) Add(std::string(raw.octets));
  }
};

std::vector<std::string> LinesOf(const std::vector<RecordSet>& sets) {
  std::vector<std::string> lines;
  for (const RecordSet& set : sets) {
    const std::string prefix = Lines::Text(set.owner) + " " + std::to_string(static_cast<int>(set.type)) + " " +
                               std::to_string(static_cast<int>(set.record_class)) + " " + std::to_string(set.ttl) + " ";
    std::visit(Lines{lines, prefix}, set.rdata);
  }
  return lines;
}

// What is written of a section: all of it, if the whole fits.
bool Continues(const std::vector<std::string>& written, const std::vector<std::string>& read) {
  return written.size() <= read.size() && std::equal(written.begin(), written.end(), read.begin());
}

void CheckRecords(const MessageView& view) {
  ReplyRecords records;
  if (!records.Read(view)) return;
  Query query;
  query.has_question = view.has_question();
  if (query.has_question) {
    Require(query.name.Read(view.question_name()) == view.question_name().size());
    query.type = view.question_type();
    query.record_class = view.question_class();
  }
  std::vector<uint8_t> buffer(kMaxMessageLength);
  ResponseEncoder encoder;
  const Response response{.answer = records.answer, .authority = records.authority, .additional = records.additional};
  const size_t size = encoder.Encode(query, response, buffer.size(), absl::MakeSpan(buffer));
  const auto written = MessageView::Read({buffer.data(), size});
  Require(written.has_value());
  ReplyRecords again;
  Require(again.Read(*written));
  Require(Continues(LinesOf(again.answer), LinesOf(records.answer)));
  Require(Continues(LinesOf(again.authority), LinesOf(records.authority)));
  Require(Continues(LinesOf(again.additional), LinesOf(records.additional)));
  // Uncompressed it would be a few times as large at most; what is small has to be whole.
  if (view.octets().size() < 200) Require(written->ttl_count() == view.ttl_count());
}

}  // namespace
}  // namespace podnamed::dns

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace podnamed::dns;
  const auto view = MessageView::Read({data, size});
  if (!view.has_value()) return 0;
  CheckWalk(*view);
  CheckTtls(*view);
  CheckRecords(*view);
  return 0;
}
