# The libraries, each found once and wrapped as one imported target. Floors are the versions of Debian 12.
find_package(PkgConfig REQUIRED)
find_package(OpenSSL 3.0 REQUIRED COMPONENTS Crypto SSL)
pkg_check_modules(RDKAFKA REQUIRED IMPORTED_TARGET rdkafka>=2.0.2)
pkg_check_modules(HIREDIS REQUIRED IMPORTED_TARGET hiredis>=0.14.1)
pkg_check_modules(CURL    REQUIRED IMPORTED_TARGET libcurl>=7.88)
pkg_check_modules(EVENT   REQUIRED IMPORTED_TARGET libevent>=2.1.12)
pkg_check_modules(YAML    REQUIRED IMPORTED_TARGET yaml-0.1>=0.2.5)
pkg_check_modules(YYJSON  REQUIRED IMPORTED_TARGET yyjson>=0.8)

# Debian 13 has msgpack-c 6, whose pkg-config file names a relative include folder; Debian 12 has version 4 under another name.
find_package(msgpack-c 6.0 CONFIG QUIET)
if(msgpack-c_FOUND)
    add_library(MsgPack ALIAS msgpack-c)
else()
    pkg_check_modules(MSGPACK REQUIRED IMPORTED_TARGET msgpack>=4.0)
    add_library(MsgPack ALIAS PkgConfig::MSGPACK)
endif()

# TLS to Redis came with hiredis 1.0, as a library of its own beside it: Debian 12 has none, Debian 13 has.
pkg_check_modules(HIREDIS_SSL IMPORTED_TARGET hiredis_ssl>=1.0)
add_library(hiredis_all INTERFACE)
target_link_libraries(hiredis_all INTERFACE PkgConfig::HIREDIS)
if(HIREDIS_SSL_FOUND)
    target_link_libraries(hiredis_all INTERFACE PkgConfig::HIREDIS_SSL OpenSSL::SSL)
    add_compile_definitions(REDIS_TLS)
endif()

# Not every package of every release states its version where the program can ask for it at run time.
add_compile_definitions(LIBRDKAFKA_BUILT="${RDKAFKA_VERSION}" HIREDIS_BUILT="${HIREDIS_VERSION}")
