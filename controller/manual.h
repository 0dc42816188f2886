// What podname-controller(8) says beside the flags.
#pragma once

#include "server/base/manual.h"

namespace podnamed::controller {

inline base::Manual ControllerManual() {
  return {
      .name = "podname-controller",
      .chapter = 8,
      .summary = "tells podnamed which pod has which name and address",
      .description =
          {"Follows a Kubernetes API server, or a directory of manifests, and serves what names are made of as a feed, "
           "over gRPC. Every podnamed whose Corefile has its address behind the word feed answers by it.",
           "podnamed has the same controller in it and needs no other program. This one is for keeping the API "
           "server's "
           "token away from the process that faces the network, and for several podnamed behind one watcher."},
      .sections = {{.title = "SIGNALS", .entries = {{.term = "SIGTERM, SIGINT", .text = "Ends it."}}},
                   {.title = "FILES",
                    .entries = {{.term = "/run/podnamed/feed.sock", .text = "Where the feed is served by default."}}},
                   {.title = "EXIT STATUS",
                    .entries = {{.term = "0", .text = "It was asked to end, or to show something."},
                                {.term = "1", .text = "It could not start; standard error says why."}}},
                   {.title = "EXAMPLES",
                    .entries = {{.term = "podname-controller -kubernetes -kubeconfig /etc/podnamed/kubeconfig",
                                 .text = "Follow the API server that the file names."},
                                {.term = "podname-controller -manifests /etc/podnamed/cluster",
                                 .text = "Follow the manifests in a directory."}}}},
      .see_also = {{.name = "podnamectl", .chapter = 1}, {.name = "podnamed", .chapter = 8}},
  };
}

}  // namespace podnamed::controller
