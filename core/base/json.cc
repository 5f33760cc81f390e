// Boost.JSON's body, compiled once for the whole program (Debian ships the library without this part built).
#include <boost/json/src.hpp>
