#include "server/plugins/cache/bailiwick.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "server/dns/name.h"
#include "server/dns/rdata_shape.h"

namespace podnamed::plugins {
namespace {

using dns::NameStorage;
using dns::RecordType;
using dns::RecordView;
using dns::Section;

constexpr RecordType kDname{39};
constexpr RecordType kRrsig{46};
constexpr RecordType kNsec{47};
constexpr RecordType kNsec3{50};

// Names from the question to where its CNAMEs lead.
class Chain {
 public:
  explicit Chain(std::string_view question) { Add(question); }

  bool Has(std::string_view name) const {
    for (size_t i = 0; i < size_; ++i) {
      if (dns::EqualIgnoringCase(names_[i], name)) return true;
    }
    return false;
  }
  bool HasAtOrBelow(std::string_view zone) const {
    for (size_t i = 0; i < size_; ++i) {
      if (IsAtOrBelow(names_[i], zone)) return true;
    }
    return false;
  }
  // True if it was not there yet and there was room.
  bool Add(std::string_view name) {
    if (name.empty() || size_ == kMaxCnameChain || Has(name)) return false;
    std::memcpy(storage_[size_].data(), name.data(), name.size());
    names_[size_] = {storage_[size_].data(), name.size()};
    ++size_;
    return true;
  }

 private:
  std::array<NameStorage, kMaxCnameChain> storage_;
  std::array<std::string_view, kMaxCnameChain> names_;
  size_t size_ = 0;
};

bool BelongsToAnswer(const dns::MessageView& view, const Chain& chain, const RecordView& record) {
  const RecordType asked = view.question_type();
  NameStorage storage;
  const std::string_view owner = view.NameAt(record.start, storage);
  if (record.type == kDname || record.type == kRrsig) return chain.HasAtOrBelow(owner);
  if (record.type != asked && record.type != RecordType::kCname && asked != RecordType::kAny) return false;
  return chain.Has(owner);
}

// Grows the chain by where the CNAMEs lead until all of the answer belongs to it.
bool AnswerBelongs(const dns::MessageView& view, Chain& chain) {
  const bool follows = view.question_type() != RecordType::kCname && view.question_type() != RecordType::kAny;
  bool grown = true;
  while (grown) {
    grown = false;
    bool all_belong = true;
    for (const RecordView& record : view.records(Section::kAnswer)) {
      if (!BelongsToAnswer(view, chain, record)) {
        all_belong = false;
      } else if (record.type == RecordType::kCname && follows) {
        NameStorage storage;
        grown |= chain.Add(view.NameAt(record.rdata_at, storage));
      }
    }
    if (all_belong) return true;
  }
  return false;
}

bool AuthorityBelongs(const dns::MessageView& view, const Chain& chain) {
  for (const RecordView& record : view.records(Section::kAuthority)) {
    if (record.type == kNsec || record.type == kNsec3 || record.type == kRrsig) continue;
    NameStorage storage;
    if (!chain.HasAtOrBelow(view.NameAt(record.start, storage))) return false;
  }
  return true;
}

// The host that a record names, empty if it names none.
std::string_view TargetOf(const dns::MessageView& view, const RecordView& record, NameStorage& storage) {
  if (record.type != RecordType::kNs && record.type != RecordType::kMx && record.type != RecordType::kSrv) return {};
  return view.NameAt(record.rdata_at + dns::ShapeOf(record.type).fixed, storage);
}

bool IsTarget(const dns::MessageView& view, std::string_view host) {
  for (const RecordView& record : view.records()) {
    if (record.section == Section::kAdditional) return false;
    NameStorage storage;
    const std::string_view target = TargetOf(view, record, storage);
    if (!target.empty() && dns::EqualIgnoringCase(target, host)) return true;
  }
  return false;
}

}  // namespace

bool IsAtOrBelow(std::string_view name, std::string_view zone) {
  if (zone.size() > name.size()) return false;
  const size_t start = name.size() - zone.size();
  size_t at = 0;
  while (at < start) at += static_cast<uint8_t>(name[at]) + size_t{1};
  return at == start && dns::EqualIgnoringCase(name.substr(at), zone);
}

bool AnswerAndAuthorityBelong(const dns::MessageView& view) {
  Chain chain(view.question_name());
  return AnswerBelongs(view, chain) && AuthorityBelongs(view, chain);
}

size_t CountBelongingAdditional(const dns::MessageView& view) {
  size_t count = 0;
  for (const RecordView& record : view.records(Section::kAdditional)) {
    if (record.type != RecordType::kA && record.type != RecordType::kAaaa && record.type != kRrsig) break;
    NameStorage storage;
    if (count == kMaxKeptAdditional || !IsTarget(view, view.NameAt(record.start, storage))) break;
    ++count;
  }
  return count;
}

}  // namespace podnamed::plugins
