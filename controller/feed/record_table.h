// The records of the cluster as the feed sends them: encoded, in the order of their keys, little else. A copy is a
// version: it costs one pointer per some twenty records and stays as it is while the original goes on changing, so a
// snapshot can be sent at leisure. Bytes lie in shared, immutable chunks of about 4 KiB; a change copies one chunk.
// Like any value: many threads may read, one thread alone may change.
//
// A chunk is a run of `records` fields of a SnapshotPart: chunks put one after the other are the encoding of a part.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/podnamed/feed/v1/feed_key.h"

namespace podnamed::controller {

class RecordTable {
 public:
  using Chunk = std::shared_ptr<const std::string>;

  size_t size() const { return size_; }

  // The encoding of the record with that key. Valid until the table changes.
  std::optional<std::string_view> Find(const feed::v1::KeyView& key) const;

  // Puts in an encoded record, in place of the one with its key.
  void Put(std::string_view record);

  // Takes out the record with that key; false if there is none. `key` may point into the table.
  bool Erase(const feed::v1::KeyView& key);

  // In order of keys; none is empty.
  const std::vector<Chunk>& chunks() const { return chunks_; }

 private:
  // Where a record lies, or would lie (begin == end).
  struct Place {
    size_t chunk = 0;
    size_t begin = 0;
    size_t end = 0;
  };
  Place Locate(const feed::v1::KeyView& key) const;
  void Replace(const Place& place, std::string_view field);

  std::vector<Chunk> chunks_;
  size_t size_ = 0;
};

// Walks through the records of a chunk. The chunk must outlive what it yields.
class RecordReader {
 public:
  explicit RecordReader(std::string_view chunk) : chunk_(chunk) {}

  // Steps to the next record; false after the last.
  bool Next();

  std::string_view record() const { return chunk_.substr(record_, end_ - record_); }
  // Where the field of the record begins and ends in the chunk.
  size_t begin() const { return begin_; }
  size_t end() const { return end_; }

 private:
  const std::string_view chunk_;
  size_t begin_ = 0;
  size_t record_ = 0;
  size_t end_ = 0;
};

}  // namespace podnamed::controller
