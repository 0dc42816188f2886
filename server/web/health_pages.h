// The two pages that the kubelet asks for, in CoreDNS's words. Values.
#pragma once

#include <functional>
#include <string>

#include "server/web/page.h"

namespace podnamed::web {

// /health: "OK" for as long as the process can say so.
inline Page HealthPage() {
  return {.path = "/health", .make = [] { return Reply{.body = "OK"}; }};
}

// /ready: "OK" if `missing` returns nothing, else status 503 and what it returns: who is not ready, separated by
// commas. `missing` is called on the server's thread.
inline Page ReadyPage(std::function<std::string()> missing) {
  return {.path = "/ready", .make = [missing = std::move(missing)] {
            std::string body = missing();
            if (body.empty()) return Reply{.body = "OK"};
            return Reply{.status = 503, .body = std::move(body)};
          }};
}

}  // namespace podnamed::web
