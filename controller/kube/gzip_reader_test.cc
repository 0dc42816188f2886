#include "controller/kube/gzip_reader.h"

#include "gtest/gtest.h"

namespace podnamed::kube {
namespace {

// printf hello | gzip -9, with a name in its header.
const std::string kHello(
    "\x1f\x8b\x08\x08\0\0\0\0\x02\x03"
    "a.txt\0"
    "\xcb\x48\xcd\xc9\xc9\x07\0"
    "\x86\xa6\x10\x36\x05\0\0\0",
    31);

TEST(GzipReader, ReadsOctetByOctet) {
  GzipReader reader;
  std::string text;
  for (size_t i = 0; i < kHello.size(); ++i) {
    EXPECT_FALSE(reader.is_done());
    ASSERT_TRUE(reader.Read(kHello.substr(i, 1), &text).ok()) << i;
  }
  EXPECT_TRUE(reader.is_done());
  EXPECT_EQ(text, "hello");
}

TEST(GzipReader, ReadsAtOnce) {
  GzipReader reader;
  std::string text;
  ASSERT_TRUE(reader.Read(kHello, &text).ok());
  EXPECT_TRUE(reader.is_done());
  EXPECT_EQ(text, "hello");
}

TEST(GzipReader, FindsDamage) {
  for (const size_t at : {0, 2, 17, 24, 28}) {
    std::string damaged = kHello;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x11);
    GzipReader reader;
    std::string text;
    EXPECT_FALSE(reader.Read(damaged, &text).ok() && reader.is_done()) << at;
  }
}

}  // namespace
}  // namespace podnamed::kube
