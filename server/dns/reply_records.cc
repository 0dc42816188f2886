#include "server/dns/reply_records.h"

#include <algorithm>
#include <cstring>
#include <variant>

#include "server/dns/rdata_shape.h"
#include "server/dns/wire_reader.h"

namespace podnamed::dns {
namespace {

// The alternative of Rdata that a record is read into.
enum class Form { kIpv4, kIpv6, kSrv, kName, kSoa, kTxt, kRaw };

Form FormOf(const MessageView& view, const RecordView& record) {
  const bool is_internet = record.record_class == RecordClass::kIn;
  switch (record.type) {
    case RecordType::kA:
      return is_internet ? Form::kIpv4 : Form::kRaw;
    case RecordType::kAaaa:
      return is_internet ? Form::kIpv6 : Form::kRaw;
    case RecordType::kSrv:
      return is_internet ? Form::kSrv : Form::kRaw;
    case RecordType::kNs:
    case RecordType::kCname:
    case RecordType::kPtr:
      return Form::kName;
    case RecordType::kSoa:
      return Form::kSoa;
    case RecordType::kTxt:
      // Of one string that fills it.
      return record.rdata_length > 0 && view.octets()[record.rdata_at] + size_t{1} == record.rdata_length ? Form::kTxt
                                                                                                          : Form::kRaw;
    default:
      return Form::kRaw;
  }
}

bool IsSameSet(const RecordSet& set, std::string_view owner, const RecordView& record) {
  return set.type == record.type && set.record_class == record.record_class && set.ttl == record.ttl &&
         set.owner.pieces()[0] == owner;
}

}  // namespace

std::string_view ReplyRecords::Arena::Keep(absl::Span<const std::string_view> pieces) {
  size_t size = 0;
  for (const std::string_view piece : pieces) size += piece.size();
  char* const start = Take(size);
  char* end = start;
  for (const std::string_view piece : pieces) end = std::copy(piece.begin(), piece.end(), end);
  return {start, size};
}

char* ReplyRecords::Arena::Take(size_t size) {
  if (size > kChunkSize / 4) return large_.emplace_back(std::make_unique_for_overwrite<char[]>(size)).get();
  if (chunks_.empty() || size > kChunkSize - used_) {
    chunks_.push_back(std::make_unique_for_overwrite<char[]>(kChunkSize));
    used_ = 0;
  }
  used_ += size;
  return chunks_.back().get() + used_ - size;
}

void ReplyRecords::Arena::Clear() {
  large_.clear();
  if (!chunks_.empty()) chunks_.resize(1);
  used_ = 0;
}

bool ReplyRecords::Read(const MessageView& view) {
  Clear();
  ReserveFor(view);
  for (const RecordView& record : view.records()) {
    if (record.type == RecordType::kOpt) continue;
    if (!ReadRecord(view, record)) {
      Clear();
      return false;
    }
  }
  return true;
}

void ReplyRecords::Clear() {
  for (std::vector<RecordSet>* sets : {&answer, &authority, &additional}) sets->clear();
  arena_.Clear();
  ipv4_.clear();
  ipv6_.clear();
  srv_.clear();
  names_.clear();
  raw_.clear();
  added_.clear();
}

void ReplyRecords::Add(std::vector<RecordSet>& sets, const ParsedRecord& record) {
  const RawData& rdata = added_.emplace_back(RawData{Keep(record.rdata)});
  sets.push_back({NamePieces(Keep(record.owner.wire())), record.type, record.ttl, absl::MakeConstSpan(&rdata, 1),
                  record.record_class});
}

std::vector<RecordSet>& ReplyRecords::section(Section section) {
  switch (section) {
    case Section::kAnswer:
      return answer;
    case Section::kAuthority:
      return authority;
    case Section::kAdditional:
      break;
  }
  return additional;
}

void ReplyRecords::ReserveFor(const MessageView& view) {
  std::array<size_t, static_cast<size_t>(Form::kRaw) + 1> counts{};
  for (const RecordView& record : view.records()) ++counts[static_cast<size_t>(FormOf(view, record))];
  ipv4_.reserve(counts[static_cast<size_t>(Form::kIpv4)]);
  ipv6_.reserve(counts[static_cast<size_t>(Form::kIpv6)]);
  srv_.reserve(counts[static_cast<size_t>(Form::kSrv)]);
  names_.reserve(counts[static_cast<size_t>(Form::kName)]);
  raw_.reserve(counts[static_cast<size_t>(Form::kRaw)]);
}

bool ReplyRecords::ReadRecord(const MessageView& view, const RecordView& record) {
  std::vector<RecordSet>& sets = section(record.section);
  NameStorage storage;
  std::string_view owner = view.NameAt(record.start, storage);
  const bool is_new = sets.empty() || !IsSameSet(sets.back(), owner, record) || record.type == RecordType::kSoa ||
                      record.type == RecordType::kTxt;
  if (is_new) {
    const bool repeats = !sets.empty() && sets.back().owner.pieces()[0] == owner;
    owner = repeats ? sets.back().owner.pieces()[0] : Keep(owner);
    sets.push_back({NamePieces(owner), record.type, record.ttl, {}, record.record_class});
  }
  return AddRdata(view, record, sets.back(), is_new);
}

template <typename Data>
bool ReplyRecords::Append(RecordSet& set, bool is_new, std::vector<Data>& list, const Data& data) {
  list.push_back(data);
  const size_t held = is_new ? 0 : std::get<absl::Span<const Data>>(set.rdata).size();
  set.rdata = absl::MakeConstSpan(list).last(held + 1);
  return true;
}

template <typename Address>
bool ReplyRecords::AppendAddress(const MessageView& view, const RecordView& record, RecordSet& set, bool is_new,
                                 std::vector<Address>& list) {
  Address address{};
  if (record.rdata_length != address.size()) return false;
  std::memcpy(address.data(), view.octets().data() + record.rdata_at, address.size());
  return Append(set, is_new, list, address);
}

bool ReplyRecords::AddRdata(const MessageView& view, const RecordView& record, RecordSet& set, bool is_new) {
  const Form form = FormOf(view, record);
  if (form == Form::kIpv4) return AppendAddress(view, record, set, is_new, ipv4_);
  if (form == Form::kIpv6) return AppendAddress(view, record, set, is_new, ipv6_);
  std::string_view octets;
  if (!ReadRaw(view, record, octets)) return false;
  // From here on names are uncompressed, and sound.
  const auto u16_at = [&](size_t at) {
    return static_cast<uint16_t>(static_cast<uint8_t>(octets[at]) << 8 | static_cast<uint8_t>(octets[at + 1]));
  };
  switch (form) {
    case Form::kSrv:
      return Append(set, is_new, srv_, SrvData{u16_at(0), u16_at(2), u16_at(4), NamePieces(octets.substr(6))});
    case Form::kName:
      return Append(set, is_new, names_, NamePieces(octets));
    case Form::kSoa: {
      constexpr size_t kNumbersLength = 20;
      QueryName mname;
      QueryName rname;
      const size_t mname_length = mname.Read(octets);
      const size_t rname_length = rname.Read(octets.substr(mname_length));
      const size_t numbers = mname_length + rname_length;
      if (octets.size() != numbers + kNumbersLength) return false;
      const auto number = [&](size_t i) {
        return uint32_t{u16_at(numbers + 4 * i)} << 16 | u16_at(numbers + 4 * i + 2);
      };
      set.rdata = SoaData{NamePieces(octets.substr(0, mname_length)),
                          NamePieces(octets.substr(mname_length, rname_length)),
                          number(0),
                          number(1),
                          number(2),
                          number(3),
                          number(4)};
      return true;
    }
    case Form::kTxt:
      set.rdata = TxtData{octets.substr(1)};
      return true;
    case Form::kIpv4:
    case Form::kIpv6:
    case Form::kRaw:
      break;
  }
  return Append(set, is_new, raw_, RawData{octets});
}

bool ReplyRecords::ReadRaw(const MessageView& view, const RecordView& record, std::string_view& octets) {
  const RdataShape shape = ShapeOf(record.type);
  WireReader reader(view.octets().first(record.end()), kHeaderLength);
  reader.Skip(record.rdata_at);
  const std::string_view all = reader.rest();
  if (shape.names == 0) {
    octets = Keep(all);
    return true;
  }
  reader.Skip(shape.fixed);
  for (uint8_t i = 0; i < shape.strings; ++i) reader.Skip(reader.ReadU8());
  // What stands in front of the names, the names, and the rest: at most 65,535 octets and two names written out.
  const size_t names_at = reader.position() - record.rdata_at;
  std::array<NameStorage, 2> storage;
  std::array<std::string_view, 2> names;
  for (uint8_t i = 0; i < shape.names; ++i) names[i] = reader.ReadName(storage[i]);
  if (!reader.ok() || (!shape.has_rest && !reader.rest().empty())) return false;
  const std::string_view rest = reader.rest();
  const size_t size = names_at + names[0].size() + names[1].size() + rest.size();
  if (size > kMaxMessageLength) return false;
  octets = arena_.Keep({all.substr(0, names_at), names[0], names[1], rest});
  return true;
}

}  // namespace podnamed::dns
