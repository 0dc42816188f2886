#include "ctl/command_table.h"

#include <algorithm>

namespace podnamed::ctl {
namespace {

const FlagDescription kAs = {
    .name = "as",
    .value = "POD|ADDRESS",
    .default_value = "",
    .text = "who asks: an address, POD or NAMESPACE/POD",
};

const FlagDescription kSource = {
    .name = "source",
    .value = "SOURCE",
    .default_value = "",
    .text = "of which source, as status names it, where the server has several",
};

const std::vector<std::string_view> kTypes = {"A", "AAAA", "SRV", "PTR", "CNAME", "TXT", "SOA", "NS", "ANY"};

}  // namespace

const std::vector<FlagDescription>& GlobalFlags() {
  static const std::vector<FlagDescription> kFlags = {
      {.name = "server",
       .value = "ADDRESS",
       .default_value = "unix:///run/podnamed/inspect.sock",
       .text = "the server: what podnamed -inspect says"},
      {.name = "o",
       .value = "FORMAT",
       .default_value = "table",
       .text = "table for people, json for scripts",
       .choices = {"table", "json"}},
      {.name = "timeout",
       .value = "DURATION",
       .default_value = "5s",
       .text = "how long to wait for an answer, or a watch for its first word"},
      {.name = "man", .value = "", .default_value = "", .text = "print the manual page, and exit"},
      {.name = "completion",
       .value = "SHELL",
       .default_value = "",
       .text = "print the completion script for a shell, and exit",
       .choices = {"bash", "zsh"}},
      {.name = "version", .value = "", .default_value = "", .text = "show the version, and exit"},
      {.name = "help", .value = "", .default_value = "", .text = "show help, of a command if one is given, and exit"},
  };
  return kFlags;
}

const std::vector<CommandDescription>& Commands() {
  static const std::vector<CommandDescription> kCommands = {
      {.name = "status",
       .arguments = "",
       .min_arguments = 0,
       .max_arguments = 0,
       .summary = "how the server does",
       .text =
           {"Shows what the server serves and, for each source of cluster state, where its state stands: the revision, "
            "how long ago the controller was heard, and how much there is."},
       .flags = {},
       .examples = {{"podnamectl status", "for people"},
                    {"podnamectl status -o json", "the same for scripts, with every field"}}},
      {.name = "lookup",
       .arguments = "NAME [TYPE]",
       .min_arguments = 1,
       .max_arguments = 2,
       .summary = "ask one question, as dig would",
       .text =
           {"Lets the server answer a question by the code that answers the wire, and shows the records, or the rcode "
            "and the reason. NAME is taken as it is: no search path is walked, the final dot may be left out. TYPE is "
            "A if it is not given. An address in the place of NAME asks for its PTR.",
            "With -as the question comes from that pod or address."},
       .flags = {kAs},
       .examples = {{"podnamectl lookup web-0.nginx.default.svc.cluster.local", "a pod's address"},
                    {"podnamectl lookup _http._tcp.nginx.default.svc.cluster.local SRV -as default/web-0",
                     "ports, as the pod web-0 sees them"},
                    {"podnamectl lookup 10.244.0.10", "whose address it is"}},
       .second_choices = kTypes},
      {.name = "explain",
       .arguments = "NAME",
       .min_arguments = 1,
       .max_arguments = 1,
       .summary = "why a name resolves, or why not",
       .text = {"Walks the search path that a pod's resolver walks (resolv.conf as the kubelet writes it: "
                "NAMESPACE.svc.ZONE, "
                "svc.ZONE, ZONE, ndots:5), up to the first name with an answer, as glibc does. A NAME with a "
                "final dot, "
                "or five dots or more, is tried first as it is.",
                "Shows each step's answer and its reason, and then the object that the answer comes from: the place "
                "where it "
                "is written, the revision that brought it, and its age. Where nothing answers, the nearest thing that "
                "exists.",
                "Without -as a pod in namespace default asks."},
       .flags = {kAs},
       .examples = {{"podnamectl explain web-0.nginx", "from namespace default"},
                    {"podnamectl explain nginx -as shop/cart-3", "as the pod cart-3 in namespace shop sees it"}}},
      {.name = "list",
       .arguments = "services|pods [NAMESPACE]",
       .min_arguments = 1,
       .max_arguments = 2,
       .summary = "the services or pods that the server knows",
       .text =
           {"Lists what the server answers from, in order. A pod has a line for each service that selects it, and one "
            "without a service if none does."},
       .flags = {kSource},
       .examples = {{"podnamectl list services", "all of them"},
                    {"podnamectl list pods default -o json", "the pods of one namespace, for scripts"}},
       .first_choices = {"services", "pods"}},
      {.name = "watch",
       .arguments = "[NAME]",
       .min_arguments = 0,
       .max_arguments = 1,
       .summary = "changes as they are published",
       .text =
           {"Shows changes of what NAME means and of what is below it, or every change, from now on until it is "
            "interrupted. With -o json each line is one object. Who reads slowly sees several changes of an object as "
            "one."},
       .flags = {},
       .examples = {{"podnamectl watch", "everything"},
                    {"podnamectl watch nginx.default.svc.cluster.local", "a service and its pods"}}},
      {.name = "release",
       .arguments = "",
       .min_arguments = 0,
       .max_arguments = 0,
       .summary = "let removals go on that are held",
       .text =
           {"An API server that does not have most of the cluster any more has perhaps lost it. What would go answers "
            "as before until a second list has said the same, and status shows it as HELD. This lets it go at once."},
       .flags = {kSource},
       .examples = {{"podnamectl release", "what the only source holds"}}},
  };
  return kCommands;
}

const std::vector<ExitCodeDescription>& ExitCodes() {
  static const std::vector<ExitCodeDescription> kCodes = {
      {kOk, "all went well; of watch also when it is interrupted"},
      {kFailure, "wrong use, the server cannot be reached, or it refused"},
      {kDoesNotResolve, "of lookup: no record of that name and type; of explain: the name has no address"},
  };
  return kCodes;
}

const CommandDescription* FindCommand(std::string_view name) {
  const auto found =
      std::find_if(Commands().begin(), Commands().end(), [&](const auto& command) { return command.name == name; });
  return found == Commands().end() ? nullptr : &*found;
}

}  // namespace podnamed::ctl
