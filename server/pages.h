// Which pages the server shows to machines, and where: what `health`, `ready` and `prometheus` of all server blocks ask
// for, those of one address together.
#pragma once

#include <atomic>
#include <vector>

#include "server/chain.h"
#include "server/web/http_server.h"
#include "server/web/page.h"

namespace podnamed {

// `blocks` and `stopping` outlive the pages. /ready tells of the blocks
// that have `ready` there, and nobody is ready any more once `stopping` is true.
std::vector<web::Site> SitesOf(const std::vector<Block>& blocks, const std::atomic<bool>& stopping,
                               const web::Page& metrics);

}  // namespace podnamed
