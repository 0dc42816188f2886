// What one worker's `cache` counts at one server, for CoreDNS's metrics. Written by that worker alone.
#pragma once

#include <array>

#include "server/base/counter.h"
#include "server/plugins/cache/cacheability.h"

namespace podnamed::plugins {

struct CacheCounters {
  base::Counter requests;
  base::Counter misses;
  std::array<base::Counter, kCacheKinds> hits;
  base::Counter prefetches;    // kept replies that were asked for anew
  base::Counter served_stale;  // hits whose time was over
  base::Counter drops;         // replies to another question
};

}  // namespace podnamed::plugins
