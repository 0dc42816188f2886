// What a cached reply costs: a hit, alone and with another worker beside, a miss, and what it takes to store a reply.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/plugins/cache/cache_store.h"
#include "server/testing/reply_builder.h"

namespace podnamed::plugins {
namespace {

using dns::RecordType;

constexpr CacheTime kStored{std::chrono::hours(100)};
constexpr CacheTime kNow = kStored + std::chrono::seconds(7);  // so that every TTL has to be written

// A question's name, where it lies in a packet that has just come: in the processor's nearest cache.
class AskedName {
 public:
  explicit AskedName(size_t number) { Set(number); }
  void Set(size_t number) {
    for (size_t digit = 6; digit > 0; --digit, number /= 10)
      wire_[6 + digit - 1] = static_cast<char>('0' + number % 10);
  }
  CacheKey key() const { return {.name = wire_, .type = RecordType::kA}; }

 private:
  std::string wire_{"\13host-000000\7example\3org\0", 25};
};

dns::Name NameOf(size_t number) { return dns::Name::FromWire(AskedName(number).key().name); }

// An alias and two addresses, as content networks answer.
std::vector<uint8_t> ReplyTo(const dns::Name& name) {
  const std::string text = name.ToText();
  return testing::MakeReply(text, RecordType::kA,
                            {.answer = {absl::StrCat(text, " 300 CNAME edge.example.net."),
                                        "edge.example.net. 60 A 10.0.0.1", "edge.example.net. 60 A 10.0.0.2"}});
}

struct FullStore {
  explicit FullStore(size_t count) : entries(count) {
    CacheOptions options;
    options.bounds[0] = {2 * entries, size_t{1} << 30};  // twice: no shard is full
    store = std::make_unique<CacheStore>(options);
    for (size_t i = 0; i < entries; ++i) {
      const AskedName name(i);
      const std::vector<uint8_t> reply = ReplyTo(NameOf(i));
      const auto view = dns::MessageView::Read(reply);
      store->Insert(name.key(), *view, Judge(*view, name.key(), {}, absl::UnixEpoch()), kStored);
    }
  }

  size_t entries;
  std::unique_ptr<CacheStore> store;
};

FullStore& StoreOf(size_t entries) {
  static FullStore small(1000);
  static FullStore usual(10'000);  // what CoreDNS keeps by default
  static FullStore large(100'000);
  return entries == 1000 ? small : entries == 10'000 ? usual : large;
}

// Names in an order that the processor cannot foresee.
void Hit(benchmark::State& state) {
  FullStore& full = StoreOf(static_cast<size_t>(state.range(0)));
  std::vector<uint8_t> buffer(1232);
  uint32_t random = 1 + static_cast<uint32_t>(state.thread_index()) * 7919;
  AskedName name(0);
  size_t octets = 0;
  for (auto _ : state) {
    random = random * 1664525 + 1013904223;
    name.Set((random >> 8) % full.entries);
    const auto hit = full.store->Lookup(name.key(), kNow, absl::MakeSpan(buffer));
    benchmark::DoNotOptimize(buffer.data());
    octets = hit->size;
  }
  state.SetItemsProcessed(state.iterations());
  state.counters["octets"] = benchmark::Counter(static_cast<double>(octets), benchmark::Counter::kAvgThreads);
}
BENCHMARK(Hit)->Arg(1000)->Arg(10'000)->Arg(100'000)->Threads(1)->Threads(2)->UseRealTime();

// All workers ask for one name: the worst that can happen to a lock.
void HitOfOneName(benchmark::State& state) {
  FullStore& full = StoreOf(1000);
  std::vector<uint8_t> buffer(1232);
  const AskedName name(0);
  for (auto _ : state) {
    benchmark::DoNotOptimize(full.store->Lookup(name.key(), kNow, absl::MakeSpan(buffer)));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(HitOfOneName)->Threads(1)->Threads(2)->UseRealTime();

void Miss(benchmark::State& state) {
  FullStore& full = StoreOf(100'000);
  std::vector<uint8_t> buffer(1232);
  AskedName name(0);
  size_t next = 0;
  for (auto _ : state) {
    name.Set(500'000 + next++ % 1000);
    benchmark::DoNotOptimize(full.store->Lookup(name.key(), kNow, absl::MakeSpan(buffer)));
  }
}
BENCHMARK(Miss);

// What a reply from an upstream costs: walked, judged and stored in a cache that is full, so that another one goes.
void JudgeAndInsert(benchmark::State& state) {
  CacheStore store((CacheOptions()));
  std::vector<dns::Name> names;
  std::vector<std::vector<uint8_t>> replies;
  for (size_t i = 0; i < 30'000; ++i) {
    names.push_back(NameOf(i));
    replies.push_back(ReplyTo(names.back()));
  }
  const CacheRules rules;
  size_t next = 0;
  for (auto _ : state) {
    const size_t i = next++ % names.size();
    const CacheKey key{.name = names[i].wire(), .type = RecordType::kA};
    const auto view = dns::MessageView::Read(replies[i]);
    const CacheVerdict verdict = Judge(*view, key, rules, absl::UnixEpoch());
    benchmark::DoNotOptimize(store.Insert(key, *view, verdict, kNow));
  }
  const CacheCounts counts = store.Count();
  state.counters["bytes/entry"] = static_cast<double>(counts.bytes[0]) / static_cast<double>(counts.entries[0]);
}
BENCHMARK(JudgeAndInsert);

void WalkAndJudge(benchmark::State& state) {
  const dns::Name name = NameOf(1);
  const std::vector<uint8_t> reply = ReplyTo(name);
  const CacheKey key{.name = name.wire(), .type = RecordType::kA};
  const CacheRules rules;
  for (auto _ : state) {
    const auto view = dns::MessageView::Read(reply);
    benchmark::DoNotOptimize(Judge(*view, key, rules, absl::UnixEpoch()));
  }
}
BENCHMARK(WalkAndJudge);

}  // namespace
}  // namespace podnamed::plugins
