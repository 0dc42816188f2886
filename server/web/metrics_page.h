// /metrics: what is counted, in Prometheus's text format 0.0.4.
#pragma once

#include <prometheus/collectable.h>

#include <vector>

#include "server/web/page.h"

namespace podnamed::web {

// `collectables` (a prometheus::Registry is one) outlive the page and are asked on the server's thread. Families of one
// name, whoever has them, stand together as the format wants it.
Page MetricsPage(std::vector<const prometheus::Collectable*> collectables);

}  // namespace podnamed::web
