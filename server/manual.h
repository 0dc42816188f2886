// What podnamed(8) says beside the flags.
#pragma once

#include "server/base/manual.h"

namespace podnamed {

inline base::Manual PodnamedManual() {
  return {
      .name = "podnamed",
      .chapter = 8,
      .summary = "the name server of pods",
      .description =
          {"Answers the names of a Kubernetes cluster's services and pods from memory, the moment the cluster changes, "
           "and forwards the rest. It takes CoreDNS's flags and its configuration language, the Corefile: what CoreDNS "
           "says of a directive holds here, and where it does not, the directive's page says so, below "
           "/usr/share/doc/podnamed/plugins.",
           "The cluster comes from the API server, from a directory of Kubernetes manifests, or from a "
           "podname-controller; the kubernetes directive says which. A Corefile with an error does not start: every "
           "error is shown with its file, line and column."},
      .sections =
          {{.title = "SIGNALS",
            .entries = {{.term = "SIGHUP, SIGUSR1",
                         .text =
                             "Takes up the Corefile anew, without losing a query. One with errors changes nothing."},
                        {.term = "SIGTERM, SIGINT",
                         .text = "No longer ready; goes on for the lameduck of health, and as long again while queries "
                                 "still come; answers what has arrived, and ends. The second one ends it at once."}}},
           {.title = "RESTARTS",
            .entries = {{.term = "-takeover PATH",
                         .text = "Two processes with the same PATH: the second one gets the first one's sockets with "
                                 "what lies in them, learns the cluster while the first one answers, and relieves it. "
                                 "The first one answers what it has begun and ends with status 0. No query is lost. A "
                                 "successor that ends before that changes nothing."},
                        {.term = "systemd.socket(5)",
                         .text = "Sockets that systemd passes are used for the addresses that they are bound to. It "
                                 "keeps them over a restart, with the queries that come meanwhile. The package has "
                                 "podnamed.socket, which is not enabled."}}},
           {.title = "FILES",
            .entries = {{.term = "/etc/podnamed/Corefile", .text = "The configuration that the systemd unit names."},
                        {.term = "/etc/podnamed/cluster",
                         .text = "Kubernetes manifests, which that configuration reads."},
                        {.term = "/run/podnamed/inspect.sock", .text = "Where podnamectl looks at the server."},
                        {.term = "/run/podnamed/takeover.sock",
                         .text = "A good place for -takeover, on which nothing waits without that flag."}}},
           {.title = "EXIT STATUS",
            .entries = {{.term = "0", .text = "It was asked to end, or to show something."},
                        {.term = "1", .text = "It could not start; one line on standard error for each reason."}}},
           {.title = "EXAMPLES",
            .entries = {{.term = "podnamed -conf /etc/podnamed/Corefile -check",
                         .text = "Is the configuration right, and what does it mean?"},
                        {.term = "podnamed -conf Corefile -dns.port 1053",
                         .text = "Serve it, where no root is needed."}}}},
      .see_also = {{.name = "podnamectl", .chapter = 1},
                   {.name = "resolv.conf", .chapter = 5},
                   {.name = "podname-controller", .chapter = 8}},
  };
}

}  // namespace podnamed
