// What podnamed and its controller tell the service manager (systemd) that has started them: sd_notify(3)'s protocol,
// one datagram to the unix socket that the environment names. Called by main.
#pragma once

#include <string_view>

namespace podnamed::base {

inline constexpr std::string_view kServiceIsReady = "READY=1";
inline constexpr std::string_view kServiceIsStopping = "STOPPING=1";

// Does nothing where no service manager listens: elsewhere than in a unit of Type=notify.
void TellServiceManager(std::string_view state);

}  // namespace podnamed::base
