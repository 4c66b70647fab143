"""The addresses of accounts, below `/api/v1/`."""

from django.urls import path

from accounts import views

urlpatterns = [
    path("accounts/register/", views.RegistrationViewSet.as_view({"post": "create"})),
    path("accounts/login/", views.LoginViewSet.as_view({"post": "create"})),
    path("accounts/login/verify/", views.LoginViewSet.as_view({"post": "verify"})),
    path("accounts/challenges/resend/", views.ChallengeViewSet.as_view({"post": "resend"})),
    path("accounts/token/refresh/", views.TokenViewSet.as_view({"post": "refresh"})),
    path("accounts/logout/", views.LogoutViewSet.as_view({"post": "here"})),
    path("accounts/logout/all/", views.LogoutViewSet.as_view({"post": "everywhere"})),
    path("accounts/sessions/", views.SessionViewSet.as_view({"get": "list"})),
    path("accounts/sessions/<str:session_id>/", views.SessionViewSet.as_view({"delete": "destroy"})),
    path("accounts/me/", views.MeViewSet.as_view({"get": "retrieve", "patch": "partial_update"})),
    path("accounts/password/forgot/", views.ForgottenPasswordViewSet.as_view({"post": "forgot"})),
    path("accounts/password/reset/", views.ForgottenPasswordViewSet.as_view({"post": "reset"})),
    path("accounts/me/password/", views.PasswordViewSet.as_view({"post": "change"})),
    path("accounts/me/email/", views.EmailViewSet.as_view({"post": "create"})),
    path("accounts/me/email/verify/", views.EmailViewSet.as_view({"post": "verify"})),
    path("accounts/me/email/undo/", views.EmailUndoViewSet.as_view({"post": "create"})),
    path("accounts/me/mobile/", views.MobileViewSet.as_view({"post": "create"})),
    path("accounts/me/mobile/verify/", views.MobileViewSet.as_view({"post": "verify"})),
    path("accounts/me/delete/", views.DeletionViewSet.as_view({"post": "create"})),
    path("accounts/me/delete/verify/", views.DeletionViewSet.as_view({"post": "verify"})),
    path("accounts/me/audit/", views.AuditViewSet.as_view({"get": "list"})),
    path("accounts/ws-ticket/", views.TicketViewSet.as_view({"post": "create"})),
    path("contacts/", views.ContactViewSet.as_view({"get": "list", "post": "create"})),
    path("contacts/import/", views.ContactViewSet.as_view({"post": "match"})),
    path("contacts/<str:user>/", views.ContactViewSet.as_view({"patch": "partial_update", "delete": "destroy"})),
    path("users/", views.UserViewSet.as_view({"get": "list"})),
    path("users/<str:user>/", views.UserViewSet.as_view({"get": "retrieve"})),
]
