import { createRouter, createWebHistory } from 'vue-router'

import { i18n, store } from '@/lib/i18n'
import { useSession } from '@/stores/session'

declare module 'vue-router' {
  interface RouteMeta {
    open?: boolean
    title: string
  }
}

export const router = createRouter({
  history: createWebHistory('/admin/'),
  scrollBehavior: (to, from, saved) => saved ?? (to.path === from.path ? undefined : { top: 0 }),
  routes: [
    {
      path: '/sign-in',
      name: 'sign-in',
      component: () => import('@/pages/SignInPage.vue'),
      meta: { open: true, title: 'sign_in.title' },
    },
    {
      path: '/',
      name: 'home',
      component: () => import('@/pages/HomePage.vue'),
      meta: { title: 'menu.live' },
    },
    {
      path: '/p/:project',
      component: () => import('@/shell/AppShell.vue'),
      meta: { title: 'menu.live' },
      children: [
        { path: '', redirect: (to) => `${to.path.replace(/\/$/, '')}/live` },
        {
          path: 'live',
          name: 'live',
          component: () => import('@/pages/CampusPage.vue'),
          props: { overview: true },
          meta: { title: 'menu.live' },
        },
        {
          path: 'meters',
          name: 'meters',
          component: () => import('@/pages/CampusPage.vue'),
          props: { overview: false },
          meta: { title: 'menu.operation' },
        },
        {
          path: 'meters/:meter',
          name: 'meter',
          component: () => import('@/pages/MeterPage.vue'),
          props: true,
          meta: { title: 'menu.one_meter' },
        },
      ],
    },
    {
      path: '/:rest(.*)*',
      name: 'nowhere',
      component: () => import('@/pages/NotFoundPage.vue'),
      meta: { open: true, title: 'not_found.title' },
    },
  ],
})

router.beforeEach(async (to) => {
  if (to.meta.open) return true
  const me = await useSession().restore()
  if (me === null) return { name: 'sign-in', query: to.path === '/' ? {} : { return: to.fullPath } }
  const project = to.params.project
  if (typeof project === 'string') {
    if (!me.projects.some((p) => p.id === project)) return { name: 'nowhere', params: { rest: to.path.slice(1).split('/') } }
    store('meterbook.project', project)
  }
  return true
})

router.afterEach((to) => {
  document.title = `${i18n.global.t(to.meta.title)} · Meterbook`
})

// A new release has other file names: fetch the page anew, once.
router.onError((error, to) => {
  const stale = /dynamically imported module|Failed to fetch|Importing a module/.test(String(error))
  if (!stale || sessionStorage.getItem('meterbook.reloaded') === to.fullPath) return
  sessionStorage.setItem('meterbook.reloaded', to.fullPath)
  location.assign(router.resolve(to).href)
})
