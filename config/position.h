// Where a word of the configuration stands, and how it got there, so that every error can point at it.
//
// Sources are owned by the Document that was read from them; a Position is valid as long as its Document. Any thread.
#pragma once

#include <optional>
#include <string>

namespace podnamed::config {

struct Source;

struct Position {
  const Source* source = nullptr;
  int line = 1;
  int column = 1;  // in characters, the first is 1
};

// One reading of one file, or of one snippet's body: a text that is imported twice has two sources.
struct Source {
  std::string file;                     // the file that the words stand in
  std::string snippet;                  // the snippet's name; empty for a whole file
  std::optional<Position> imported_at;  // the word "import"; none for the main file
};

// "Corefile:3:5".
std::string PositionText(const Position& position);

// " (imported at Corefile:9:3)", with every import on the way, the nearest first; empty for the main file's own words.
std::string ImportNote(const Position& position);

}  // namespace podnamed::config
