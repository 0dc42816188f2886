#include "controller/feed/record_table.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace podnamed::controller {
namespace {

using feed::v1::KeyView;
using feed::v1::ViewOfEncoded;
using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;
using google::protobuf::io::CodedOutputStream;

// Small enough that a change copies little and is found by a short walk, large enough that a chunk's own 80 octets
// weigh little beside its records.
constexpr size_t kChunkBytes = 4096;

constexpr uint32_t kRecordsTag =
    WireFormatLite::MakeTag(feed::v1::SnapshotPart::kRecordsFieldNumber, WireFormatLite::WIRETYPE_LENGTH_DELIMITED);

std::string EncodeField(std::string_view record) {
  const auto size = static_cast<uint32_t>(record.size());
  std::string field(CodedOutputStream::VarintSize32(kRecordsTag) + CodedOutputStream::VarintSize32(size), '\0');
  auto* out = reinterpret_cast<uint8_t*>(field.data());
  CodedOutputStream::WriteVarint32ToArray(size, CodedOutputStream::WriteVarint32ToArray(kRecordsTag, out));
  field += record;
  return field;
}

KeyView FirstKey(std::string_view chunk) {
  RecordReader reader(chunk);
  reader.Next();
  return ViewOfEncoded(reader.record());
}

// Where to cut a chunk in two: before the record in its middle, but not before its first. 0 if it has only one.
size_t Middle(std::string_view chunk) {
  RecordReader reader(chunk);
  reader.Next();
  while (reader.Next() && reader.end() <= chunk.size() / 2) {
  }
  return reader.begin();
}

}  // namespace

bool RecordReader::Next() {
  if (end_ == chunk_.size()) return false;
  begin_ = end_;
  const std::string_view rest = chunk_.substr(begin_);
  CodedInputStream input(reinterpret_cast<const uint8_t*>(rest.data()), static_cast<int>(rest.size()));
  uint32_t size = 0;
  input.ReadTag();
  input.ReadVarint32(&size);
  record_ = begin_ + static_cast<size_t>(input.CurrentPosition());
  end_ = record_ + size;
  return true;
}

RecordTable::Place RecordTable::Locate(const KeyView& key) const {
  // The last chunk that begins at or before the key; a key before all of them belongs to the first.
  const auto after = std::upper_bound(chunks_.begin(), chunks_.end(), key,
                                      [](const KeyView& k, const Chunk& chunk) { return k < FirstKey(*chunk); });
  Place place;
  if (chunks_.empty()) return place;
  place.chunk = after == chunks_.begin() ? 0 : static_cast<size_t>(after - chunks_.begin()) - 1;
  RecordReader reader(*chunks_[place.chunk]);
  while (reader.Next()) {
    const auto order = ViewOfEncoded(reader.record()) <=> key;
    if (order >= 0) {
      place.begin = reader.begin();
      place.end = order == 0 ? reader.end() : reader.begin();
      return place;
    }
  }
  place.begin = place.end = reader.end();
  return place;
}

void RecordTable::Replace(const Place& place, std::string_view field) {
  const auto share = [](std::string chunk) { return std::make_shared<const std::string>(std::move(chunk)); };
  if (chunks_.empty()) {
    chunks_.push_back(share(std::string(field)));
    return;
  }
  const std::string_view old = *chunks_[place.chunk];
  std::string chunk;
  chunk.reserve(old.size() - (place.end - place.begin) + field.size());
  chunk.append(old.substr(0, place.begin)).append(field).append(old.substr(place.end));

  const auto position = chunks_.begin() + static_cast<std::ptrdiff_t>(place.chunk);
  if (chunk.empty()) {
    chunks_.erase(position);
    return;
  }
  const size_t cut = chunk.size() > kChunkBytes ? Middle(chunk) : 0;
  if (cut == 0) {  // small, or a single large record
    *position = share(std::move(chunk));
    return;
  }
  *position = share(chunk.substr(0, cut));
  chunks_.insert(position + 1, share(chunk.substr(cut)));
}

std::optional<std::string_view> RecordTable::Find(const KeyView& key) const {
  const Place place = Locate(key);
  if (place.begin == place.end) return std::nullopt;
  RecordReader reader(std::string_view(*chunks_[place.chunk]).substr(place.begin, place.end - place.begin));
  reader.Next();
  return reader.record();
}

void RecordTable::Put(std::string_view record) {
  const Place place = Locate(ViewOfEncoded(record));
  if (place.begin == place.end) ++size_;
  Replace(place, EncodeField(record));
}

bool RecordTable::Erase(const KeyView& key) {
  const Place place = Locate(key);
  if (place.begin == place.end) return false;
  Replace(place, {});
  --size_;
  return true;
}

}  // namespace podnamed::controller
