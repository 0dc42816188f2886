// Which pages the server shows to machines, and where: what `health`, `ready` and `prometheus` of all server blocks ask
// for, those of one address together.
#pragma once

#include <atomic>
#include <vector>

#include "config/options.h"
#include "server/web/http_server.h"
#include "server/web/page.h"
#include "server/worker.h"

namespace podnamed {

// `blocks` are those of `options`, in their order; they and `stopping` outlive the pages. /ready tells of the blocks
// that have `ready` there, and nobody is ready any more once `stopping` is true.
std::vector<web::Site> SitesOf(const config::Options& options, const std::vector<Block>& blocks,
                               const std::atomic<bool>& stopping, const web::Page& metrics);

}  // namespace podnamed
