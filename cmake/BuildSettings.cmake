# Language, warnings, hardening and sanitizers: one place, applied to every target.
set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release)
endif()

option(ALERTBRIDGE_TESTS "Build the tests" ON)
option(ALERTBRIDGE_BENCH "Build the floor loop of bench/" ON)
option(ALERTBRIDGE_WERROR "Warnings are errors" OFF)
set(ALERTBRIDGE_SANITIZE "" CACHE STRING "Sanitizers, for example address,undefined")
option(ALERTBRIDGE_COVERAGE "Instrument for gcov" OFF)

add_compile_options(-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes
                    -Wwrite-strings -Wformat=2 -Wvla)
if(ALERTBRIDGE_WERROR)
    add_compile_options(-Werror)
endif()

include(CheckPIESupported)
check_pie_supported()
add_compile_options(-fstack-protector-strong -fno-strict-aliasing)
add_link_options(-Wl,-z,relro,-z,now)
if(ALERTBRIDGE_SANITIZE)
    add_compile_options(-fsanitize=${ALERTBRIDGE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    add_link_options(-fsanitize=${ALERTBRIDGE_SANITIZE})
elseif(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
    add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif()
if(ALERTBRIDGE_COVERAGE)
    add_compile_options(--coverage)
    add_link_options(--coverage)
endif()

execute_process(COMMAND git rev-parse --short=12 HEAD WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}" OUTPUT_VARIABLE ALERTBRIDGE_REVISION
                OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
add_compile_definitions(_GNU_SOURCE ALERTBRIDGE_VERSION="${PROJECT_VERSION}")
set_property(SOURCE "${CMAKE_SOURCE_DIR}/bridge/cmd/version.c" APPEND PROPERTY
             COMPILE_DEFINITIONS ALERTBRIDGE_REVISION="${ALERTBRIDGE_REVISION}")
include_directories("${CMAKE_SOURCE_DIR}")
