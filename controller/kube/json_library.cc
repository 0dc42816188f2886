// Boost.JSON itself, compiled once: Debian's package of the library would be one more to install for one folder.
#include <boost/json/src.hpp>
