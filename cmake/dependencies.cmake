# Every library we link, all from Debian 12 (packages.txt). A room names those it uses in its own CMakeLists.txt.
find_package(Threads REQUIRED)
find_package(absl REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS program_options)
find_package(Protobuf REQUIRED)
# Brings c-ares::cares along, which has no CMake package of its own in Debian.
find_package(gRPC CONFIG REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(spdlog REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(prometheus-cpp REQUIRED)
# re2::re2 comes with gRPC, which finds it for itself.
find_package(GTest REQUIRED)
find_package(benchmark REQUIRED)
