# The container image: podnamed, with podname-controller and podnamectl beside it. The build stage runs the commands that anybody runs,
# so CI's tests of ./dev are tests of this file too. The run stage holds three programs, the libraries they load and CA
# certificates; no shell, no package manager. A cluster's manifest can name this image in place of CoreDNS's:
# args: ["-conf", "/etc/coredns/Corefile"].
FROM docker.io/library/debian:bookworm AS build
WORKDIR /src
COPY . .
RUN ./dev build && ./dev image-root /image

FROM scratch
COPY --from=build /image /
# Not root: port 53 is bound by the one capability that the file /podnamed carries.
USER 65532:65532
EXPOSE 53 53/udp 9153 8080 8181
ENTRYPOINT ["/podnamed"]
