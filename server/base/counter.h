// Numbers that one thread counts up and others read: a counter costs a load and a store, for its only writer needs no
// locked instruction. What is read is never torn and never goes back; several of them need not be of one moment.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace podnamed::base {

class Counter {
 public:
  // The writer's thread alone.
  void Add(uint64_t number = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + number, std::memory_order_relaxed);
  }
  // Any thread.
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

// `kBounds`: the upper bounds of its buckets, from low to high, each within its bucket; one more has no bound.
template <const auto& kBounds>
class Histogram {
 public:
  static constexpr size_t kBuckets = kBounds.size() + 1;

  // `value` was seen, so many times. The writer's thread alone.
  void Observe(uint64_t value, uint64_t times = 1) {
    size_t bucket = 0;
    while (bucket < kBounds.size() && value > kBounds[bucket]) ++bucket;
    buckets_[bucket].Add(times);
    sum_.Add(value * times);
  }

  // Any thread; the values of this bucket alone.
  uint64_t bucket(size_t i) const { return buckets_[i].value(); }
  uint64_t sum() const { return sum_.value(); }

 private:
  std::array<Counter, kBuckets> buckets_;
  Counter sum_;
};

}  // namespace podnamed::base
