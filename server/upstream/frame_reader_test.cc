#include "server/upstream/frame_reader.h"

#include <algorithm>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace podnamed::upstream {
namespace {

using Octets = std::vector<uint8_t>;

Octets Framed(const Octets& message) {
  Octets framed{static_cast<uint8_t>(message.size() >> 8), static_cast<uint8_t>(message.size())};
  framed.insert(framed.end(), message.begin(), message.end());
  return framed;
}

// The messages that come out when `stream` goes in, in pieces of 1 to `longest_piece` octets.
std::vector<Octets> ReadAll(FrameReader& reader, const Octets& stream, size_t longest_piece) {
  std::minstd_rand random;
  std::vector<Octets> messages;
  for (size_t read = 0; read < stream.size();) {
    const absl::Span<uint8_t> room = reader.Room();
    const size_t count = std::min({size_t{1} + random() % longest_piece, stream.size() - read, room.size()});
    std::copy_n(stream.begin() + static_cast<ptrdiff_t>(read), count, room.begin());
    reader.Filled(count);
    read += count;
    while (const auto message = reader.Next()) messages.emplace_back(message->begin(), message->end());
  }
  return messages;
}

TEST(FrameReader, FindsMessagesOfAnyLengthCutAnywhere) {
  std::vector<Octets> sent;
  Octets stream;
  for (const size_t size : {0u, 1u, 12u, 4093u, 4094u, 4095u, 8191u, 65'534u, 65'535u, 5u, 65'535u}) {
    sent.emplace_back(size, static_cast<uint8_t>(size));
    const Octets framed = Framed(sent.back());
    stream.insert(stream.end(), framed.begin(), framed.end());
  }
  for (const size_t longest : {1u, 2u, 3u, 7u, 50u, 5000u, 1u << 20}) {
    FrameReader reader;
    EXPECT_EQ(ReadAll(reader, stream, longest), sent) << longest;
    EXPECT_EQ(reader.Next(), std::nullopt);
  }
}

TEST(FrameReader, KeepsNoMoreThanWhatHasComeAndGivesItBack) {
  FrameReader reader;
  const size_t at_first = reader.Room().size();
  EXPECT_TRUE(ReadAll(reader, {0xFF, 0xFF}, 2).empty());
  EXPECT_LE(reader.Room().size(), at_first);  // an announcement costs nothing
  EXPECT_EQ(ReadAll(reader, Octets(65'535, 'x'), 1000).size(), 1u);
  EXPECT_EQ(reader.Room().size(), at_first);
}

}  // namespace
}  // namespace podnamed::upstream
