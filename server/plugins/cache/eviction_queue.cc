#include "server/plugins/cache/eviction_queue.h"

#include <algorithm>

namespace podnamed::plugins {

void EvictionQueue::List::PushNewest(CacheEntry& entry) {
  entry.newer = nullptr;
  entry.older = newest;
  (newest != nullptr ? newest->newer : oldest) = &entry;
  newest = &entry;
  ++count;
}

void EvictionQueue::List::Unlink(CacheEntry& entry) {
  (entry.newer != nullptr ? entry.newer->older : newest) = entry.older;
  (entry.older != nullptr ? entry.older->newer : oldest) = entry.newer;
  --count;
}

EvictionQueue::List& EvictionQueue::ListOf(const CacheEntry& entry) {
  switch (entry.queue) {
    case CacheEntry::Queue::kSmall:
      return small_;
    case CacheEntry::Queue::kMain:
      return main_;
    case CacheEntry::Queue::kStale:
      break;
  }
  return stale_;
}

void EvictionQueue::Push(CacheEntry& entry, CacheEntry::Queue queue) {
  entry.queue = queue;
  ListOf(entry).PushNewest(entry);
}

void EvictionQueue::Add(CacheEntry& entry) {
  bytes_ += entry.footprint();
  Push(entry, ghosts_.Forget(entry.hash) ? CacheEntry::Queue::kMain : CacheEntry::Queue::kSmall);
}

void EvictionQueue::Replace(CacheEntry& old, CacheEntry& entry) {
  const bool was_small = old.queue == CacheEntry::Queue::kSmall;
  entry.frequency = old.frequency;
  CountHit(entry);
  Remove(old);
  bytes_ += entry.footprint();
  Push(entry, was_small ? CacheEntry::Queue::kSmall : CacheEntry::Queue::kMain);
}

void EvictionQueue::Remove(CacheEntry& entry) {
  ListOf(entry).Unlink(entry);
  bytes_ -= entry.footprint();
}

void EvictionQueue::SetAside(CacheEntry& entry) {
  if (entry.queue == CacheEntry::Queue::kStale) return;
  ListOf(entry).Unlink(entry);
  Push(entry, CacheEntry::Queue::kStale);
}

CacheEntry* EvictionQueue::TakeVictim() {
  CacheEntry* victim = stale_.oldest;
  if (victim == nullptr && small_.count * kSmallShare >= small_.count + main_.count) victim = TakeFromSmall();
  if (victim == nullptr) victim = TakeFromMain();
  if (victim == nullptr) return nullptr;
  Remove(*victim);
  return victim;
}

CacheEntry* EvictionQueue::TakeFromSmall() {
  while (CacheEntry* const entry = small_.oldest) {
    if (entry->frequency < kProbationPassed) {
      ghosts_.Remember(entry->hash);
      return entry;
    }
    small_.Unlink(*entry);
    entry->frequency = 0;
    Push(*entry, CacheEntry::Queue::kMain);
  }
  return nullptr;
}

CacheEntry* EvictionQueue::TakeFromMain() {
  while (CacheEntry* const entry = main_.oldest) {
    if (entry->frequency == 0) return entry;
    main_.Unlink(*entry);
    --entry->frequency;
    Push(*entry, CacheEntry::Queue::kMain);
  }
  return nullptr;
}

}  // namespace podnamed::plugins
