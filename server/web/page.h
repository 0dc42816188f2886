// What a machine reads over HTTP: a page. Values.
#pragma once

#include <functional>
#include <string>

namespace podnamed::web {

struct Reply {
  unsigned status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

struct Page {
  std::string path;  // "/health"; what stands behind a question mark is ignored
  // The page as it is now. Called on the server's own thread: who takes long makes every other page wait.
  std::function<Reply()> make;
};

}  // namespace podnamed::web
