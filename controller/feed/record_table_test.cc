#include "controller/feed/record_table.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

namespace podnamed::controller {
namespace {

using feed::v1::Record;
using feed::v1::SnapshotPart;
using feed::v1::ViewOf;

Record PodIdentity(const std::string& name, size_t padding = 0) {
  Record record;
  record.mutable_pod_identity()->set_namespace_("default");
  record.mutable_pod_identity()->set_service("nginx");
  record.mutable_pod_identity()->set_name(name);
  record.mutable_pod_identity()->set_zone(std::string(padding, 'z'));
  return record;
}

std::vector<std::string> Contents(const RecordTable& table) {
  std::vector<std::string> records;
  for (const RecordTable::Chunk& chunk : table.chunks()) {
    EXPECT_FALSE(chunk->empty());
    RecordReader reader(*chunk);
    while (reader.Next()) records.emplace_back(reader.record());
  }
  return records;
}

TEST(RecordTable, IsEmptyAtFirst) {
  RecordTable table;
  EXPECT_EQ(table.size(), 0);
  EXPECT_EQ(table.Find(ViewOf(PodIdentity("web-0"))), std::nullopt);
  EXPECT_FALSE(table.Erase(ViewOf(PodIdentity("web-0"))));
  EXPECT_TRUE(table.chunks().empty());
}

TEST(RecordTable, BehavesLikeAMapUnderRandomChanges) {
  std::mt19937 random(7);
  std::map<std::string, std::string> model;
  RecordTable table;
  for (int change = 0; change < 20000; ++change) {
    // Grows for the first half, shrinks in the second.
    const bool put = random() % 10 < (change < 10000 ? 7 : 3);
    const std::string name = "web-" + std::to_string(random() % 2000);
    const Record record = PodIdentity(name, random() % 100 == 0 ? random() % 9000 : random() % 60);
    if (put) {
      model[name] = record.SerializeAsString();
      table.Put(record.SerializeAsString());
    } else {
      EXPECT_EQ(table.Erase(ViewOf(record)), model.erase(name) == 1);
    }
    ASSERT_EQ(table.size(), model.size());
    const auto expected = model.find(name);
    const auto found = table.Find(ViewOf(record));
    ASSERT_EQ(found.has_value(), expected != model.end());
    if (found) {
      ASSERT_EQ(*found, expected->second);
    }
  }
  std::vector<std::string> expected;
  for (const auto& [name, record] : model) expected.push_back(record);
  EXPECT_EQ(Contents(table), expected);
}

TEST(RecordTable, ACopyStaysAsItWas) {
  RecordTable table;
  for (int i = 0; i < 500; ++i) table.Put(PodIdentity("web-" + std::to_string(i)).SerializeAsString());
  const RecordTable copy = table;
  const std::vector<std::string> before = Contents(copy);
  for (int i = 0; i < 500; i += 2) table.Erase(ViewOf(PodIdentity("web-" + std::to_string(i))));
  for (int i = 1; i < 500; i += 2) table.Put(PodIdentity("web-" + std::to_string(i), 10).SerializeAsString());
  EXPECT_EQ(Contents(copy), before);
  EXPECT_EQ(copy.size(), 500);
  EXPECT_EQ(table.size(), 250);
}

TEST(RecordTable, CopiesShareWhatDidNotChange) {
  RecordTable table;
  for (int i = 0; i < 5000; ++i) table.Put(PodIdentity("web-" + std::to_string(i)).SerializeAsString());
  const RecordTable copy = table;
  table.Put(PodIdentity("web-77", 5).SerializeAsString());
  size_t different = 0;
  ASSERT_EQ(table.chunks().size(), copy.chunks().size());
  for (size_t i = 0; i < copy.chunks().size(); ++i) different += table.chunks()[i] != copy.chunks()[i];
  EXPECT_EQ(different, 1);
}

TEST(RecordTable, ChunksTogetherAreTheEncodingOfAPart) {
  RecordTable table;
  for (int i = 0; i < 300; ++i) table.Put(PodIdentity("web-" + std::to_string(i)).SerializeAsString());
  std::string octets;
  for (const RecordTable::Chunk& chunk : table.chunks()) {
    EXPECT_LE(chunk->size(), 4096);
    octets += *chunk;
  }
  SnapshotPart part;
  ASSERT_TRUE(part.ParseFromString(octets));
  std::vector<std::string> records;
  for (const Record& record : part.records()) records.push_back(record.SerializeAsString());
  EXPECT_EQ(records, Contents(table));
  EXPECT_EQ(part.SerializeAsString(), octets);
}

}  // namespace
}  // namespace podnamed::controller
