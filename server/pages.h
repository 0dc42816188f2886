// Which pages the server shows to machines, and where: what `health`, `ready` and `prometheus` of all server blocks ask
// for, those of one address together.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "server/configuration.h"
#include "server/web/http_server.h"
#include "server/web/page.h"

namespace podnamed {

// `stopping` outlives the pages. /ready tells of the blocks that have `ready` there, and nobody is ready any more once
// `stopping` is true.
std::vector<web::Site> SitesOf(const std::shared_ptr<const Configuration>& configuration,
                               const std::atomic<bool>& stopping, const web::Page& metrics);

}  // namespace podnamed
