#include "controller/feed/snapshot.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <utility>

namespace podnamed::controller {
namespace {

using feed::v1::SubscribeResponse;
using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedOutputStream;

constexpr uint32_t kPartTag =
    WireFormatLite::MakeTag(SubscribeResponse::kSnapshotPartFieldNumber, WireFormatLite::WIRETYPE_LENGTH_DELIMITED);

// The tag and the length of a part in the message around it.
constexpr size_t kPartFrame = 8;

}  // namespace

EncodedMessage SnapshotMessages::Next() {
  SubscribeResponse response;
  if (stage_ == Stage::kBegin) {
    stage_ = Stage::kParts;
    response.mutable_snapshot_begin()->set_revision(snapshot_->revision);
    return Encode(response);
  }
  if (next_chunk_ < snapshot_->records.chunks().size()) return NextPart();
  stage_ = Stage::kDone;
  feed::v1::SnapshotEnd& end = *response.mutable_snapshot_end();
  end.set_count(snapshot_->records.size());
  end.set_digest(snapshot_->digest);
  if (snapshot_->origin_time != absl::InfinitePast()) *end.mutable_origin_time() = ToTimestamp(snapshot_->origin_time);
  return Encode(response);
}

// Chunks are in the encoding of a part already: a part is a frame around as many as fit. One always does, for a chunk
// is about 4 KiB, or one record of at most kMaxRecordBytes.
EncodedMessage SnapshotMessages::NextPart() {
  const std::vector<RecordTable::Chunk>& chunks = snapshot_->records.chunks();
  const size_t first = next_chunk_;
  size_t size = 0;
  while (next_chunk_ < chunks.size() && kPartFrame + size + chunks[next_chunk_]->size() <= kMaxPartBytes) {
    size += chunks[next_chunk_++]->size();
  }
  const auto part_size = static_cast<uint32_t>(size);
  std::string message(CodedOutputStream::VarintSize32(kPartTag) + CodedOutputStream::VarintSize32(part_size), '\0');
  auto* out = reinterpret_cast<uint8_t*>(message.data());
  CodedOutputStream::WriteVarint32ToArray(part_size, CodedOutputStream::WriteVarint32ToArray(kPartTag, out));
  message.reserve(message.size() + size);
  for (size_t chunk = first; chunk < next_chunk_; ++chunk) message += *chunks[chunk];
  return std::make_shared<const std::string>(std::move(message));
}

}  // namespace podnamed::controller
