"""The sign-in host: Microsoft's OAuth flows as msal speaks them."""
