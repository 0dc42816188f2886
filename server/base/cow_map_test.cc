#include "server/base/cow_map.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "absl/hash/hash.h"
#include "absl/random/random.h"

namespace podnamed::base {
namespace {

struct Pair {
  int key;
  std::string value;
};

// Hash of a key is up to the test: the map must be right with good ones, bad ones and the same one for all.
template <uint64_t (*kHash)(int)>
struct PairTraits {
  static uint64_t Hash(const Pair& pair) { return kHash(pair.key); }
  static bool Equal(const Pair& pair, int key) { return pair.key == key; }
};

uint64_t GoodHash(int key) { return absl::HashOf(key); }
uint64_t HighBitsOnly(int key) { return static_cast<uint64_t>(key) << 58; }
uint64_t AlwaysEqual(int) { return 42; }

template <uint64_t (*kHash)(int)>
class Harness {
 public:
  using Map = CowMap<Pair, PairTraits<kHash>>;

  // Random changes to a map and to std::map, keeping old copies to see that they never change.
  void Run(int steps, int keys) {
    absl::BitGen random;
    Map map;
    std::map<int, std::string> model;
    std::vector<std::pair<Map, std::map<int, std::string>>> kept;
    for (int step = 0; step < steps; ++step) {
      const int key = absl::Uniform(random, 0, keys);
      if (absl::Bernoulli(random, 0.6)) {
        map.Put(key, Pair{key, std::to_string(step)});
        model[key] = std::to_string(step);
      } else {
        EXPECT_EQ(map.Erase(kHash(key), key), model.erase(key) == 1);
      }
      if (absl::Bernoulli(random, 0.05)) kept.emplace_back(map, model);
      if (kept.size() > 8) kept.erase(kept.begin() + absl::Uniform(random, 0, 8));
    }
    kept.emplace_back(map, model);
    for (const auto& [copy, expected] : kept) ExpectEqual(copy, expected, keys);
    for (const auto& [before, model_before] : kept) {
      for (const auto& [after, model_after] : kept) ExpectDifference(before, model_before, after, model_after);
    }
  }

 private:
  using Entries = std::multimap<int, std::string>;

  static Entries Missing(const std::map<int, std::string>& from, const std::map<int, std::string>& in) {
    Entries missing;
    for (const auto& [key, value] : from) {
      const auto found = in.find(key);
      if (found == in.end() || found->second != value) missing.emplace(key, value);
    }
    return missing;
  }

  static void ExpectDifference(const Map& before, const std::map<int, std::string>& model_before, const Map& after,
                               const std::map<int, std::string>& model_after) {
    Entries gone;
    Entries come;
    after.Compare(
        before, [](const Pair& a, const Pair& b) { return a.key == b.key && a.value == b.value; },
        [&](const Pair& pair) { gone.emplace(pair.key, pair.value); },
        [&](const Pair& pair) { come.emplace(pair.key, pair.value); });
    EXPECT_EQ(gone, Missing(model_before, model_after));
    EXPECT_EQ(come, Missing(model_after, model_before));
    Entries all;
    after.ForEach([&](const Pair& pair) { all.emplace(pair.key, pair.value); });
    EXPECT_EQ(all, Entries(model_after.begin(), model_after.end()));
  }

  static void ExpectEqual(const Map& map, const std::map<int, std::string>& model, int keys) {
    EXPECT_EQ(map.size(), model.size());
    for (int key = 0; key < keys; ++key) {
      const Pair* found = map.Find(kHash(key), key);
      const auto expected = model.find(key);
      ASSERT_EQ(found != nullptr, expected != model.end()) << key;
      if (found != nullptr) {
        EXPECT_EQ(found->value, expected->second);
      }
      ExpectApproached(map, kHash(key), found);
    }
  }

  // The way leads to the one entry with that hash, or to none if there are several.
  static void ExpectApproached(const Map& map, uint64_t hash, const Pair* found) {
    typename Map::Approach approach(map, hash);
    for (int steps = 0; approach.Step(); ++steps) ASSERT_LT(steps, 64);
    EXPECT_FALSE(approach.Step()) << "it stays at the end";
    int with_hash = 0;
    map.ForEachWithHash(hash, [&](const Pair& pair) { with_hash += kHash(pair.key) == hash ? 1 : 0; });
    if (with_hash > 1) {
      EXPECT_EQ(approach.entry(), nullptr);
    } else if (found != nullptr) {
      EXPECT_EQ(approach.entry(), found);
    }
  }
};

TEST(CowMap, AgreesWithAnOrdinaryMapAndNeverChangesItsCopies) {
  Harness<GoodHash>().Run(20'000, 3'000);
  Harness<GoodHash>().Run(5'000, 10);
}

TEST(CowMap, StaysRightWhenHashesCollide) {
  Harness<HighBitsOnly>().Run(5'000, 500);
  Harness<AlwaysEqual>().Run(3'000, 40);
}

TEST(CowMap, AnEmptyMapHasNothing) {
  CowMap<Pair, PairTraits<GoodHash>> map;
  EXPECT_EQ(map.Find(GoodHash(1), 1), nullptr);
  EXPECT_FALSE(map.Erase(GoodHash(1), 1));
  map.Put(1, Pair{1, "a"});
  EXPECT_TRUE(map.Erase(GoodHash(1), 1));
  EXPECT_EQ(map.size(), 0U);
}

}  // namespace
}  // namespace podnamed::base
