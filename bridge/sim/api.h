/* api.h: the services behind the simulator's one address, as the ledger, the statistics and the faults name them. */
#ifndef BRIDGE_SIM_API_H
#define BRIDGE_SIM_API_H

enum sim_api {
    API_SOAR,       /* RPC calls with x-acs-action */
    API_NOTICE,     /* the portal's business calls */
    API_TOKEN,      /* the portal's token service */
    API_STS,        /* AssumeRoleWithOIDC, the metadata stand-in, the credentials URI */
    API_OTHER,      /* any other path */
    API_COUNT,
};

const char *sim_api_name(enum sim_api);     /* "soar" */

#endif
