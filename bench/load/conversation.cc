#include "bench/load/conversation.h"

#include <bit>
#include <cstring>

namespace podnamed::bench {

Conversation::Conversation(const QueryList& queries, size_t first, const Options& options, Tally& tally)
    : queries_(queries),
      options_(options),
      tally_(tally),
      next_query_(first % queries.size()),
      slot_mask_(static_cast<uint16_t>(std::bit_ceil(options.window) - 1)),
      slots_(options.window) {
  for (size_t i = options.window; i-- > 0;) {
    slots_[i].id = static_cast<uint16_t>(i);
    free_.push_back(static_cast<uint16_t>(i));
  }
}

size_t Conversation::Next(Clock::time_point due, uint8_t* buffer) {
  Slot& slot = slots_[free_.back()];
  free_.pop_back();
  slot.due = due;
  slot.query = next_query_;
  slot.id = static_cast<uint16_t>(slot.id + slot_mask_ + 1);
  slot.under_way = true;
  next_query_ = next_query_ + 1 == queries_.size() ? 0 : next_query_ + 1;
  ++tally_.sent;

  const absl::Span<const uint8_t> packet = queries_.Packet(slot.query);
  std::memcpy(buffer, packet.data(), packet.size());
  buffer[0] = static_cast<uint8_t>(slot.id >> 8);
  buffer[1] = static_cast<uint8_t>(slot.id);
  return packet.size();
}

void Conversation::Receive(absl::Span<const uint8_t> reply, Clock::time_point now) {
  const uint16_t id = reply.size() < 2 ? 0 : static_cast<uint16_t>(reply[0] << 8 | reply[1]);
  const size_t index = id & slot_mask_;
  if (reply.size() < 2 || index >= slots_.size() || !slots_[index].under_way || slots_[index].id != id) {
    ++tally_.unexpected;
    return;
  }
  Slot& slot = slots_[index];
  slot.under_way = false;
  free_.push_back(static_cast<uint16_t>(index));
  if (options_.measure_latency) {
    const auto latency = std::chrono::duration_cast<std::chrono::nanoseconds>(now - slot.due);
    tally_.latencies_ns.push_back(static_cast<uint32_t>(latency.count()));
  }
  switch (options_.echo ? Judgement::kRight : queries_.Judge(slot.query, reply)) {
    case Judgement::kRightTruncated:
      ++tally_.truncated;
      ++tally_.right;
      return;
    case Judgement::kRight:
      ++tally_.right;
      return;
    case Judgement::kWrong:
      if (tally_.wrong++ == 0) tally_.first_wrong = queries_.Explain(slot.query, reply);
      return;
  }
}

void Conversation::Expire(Clock::time_point limit) {
  for (Slot& slot : slots_) {
    if (!slot.under_way || slot.due >= limit) continue;
    slot.under_way = false;
    free_.push_back(static_cast<uint16_t>(&slot - slots_.data()));
    ++tally_.timeouts;
  }
}

}  // namespace podnamed::bench
