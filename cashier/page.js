/* Runs in the WebViews of old phones: ECMAScript 5, no library. Without it the page works by its forms and links. */
(function () {
  'use strict';
  var page = document.getElementById('page');
  if (!page || !window.XMLHttpRequest) return;
  var asked = 0;
  var timer = null;
  var request = null;
  var wallet = page.getAttribute('data-wallet');

  function show(id, visible) {
    var element = document.getElementById(id);
    if (element) element.hidden = !visible;
  }

  function say(id) {
    show('asking', id === 'asking');
    show('cancelled', id === 'cancelled');
    show('silent', id === 'silent');
  }

  /* What our server says, never what the wallet said, changes the page. */
  function ask() {
    var url = page.getAttribute('data-state');
    if (!url || request) return;
    request = new XMLHttpRequest();
    request.open('GET', url, true);
    request.timeout = 10000;
    request.onload = function () {
      var status = request.status;
      var text = request.responseText;
      request = null;
      show('offline', false);
      if (status === 200) compare(text);
      later();
    };
    request.onerror = request.ontimeout = function () {
      request = null;
      show('offline', true);
      later();
    };
    request.send();
  }

  function compare(text) {
    var answer;
    try {
      answer = JSON.parse(text);
    } catch (notJson) {
      return notJson;
    }
    if (answer && answer.digest && answer.digest !== page.getAttribute('data-digest')) {
      page.removeAttribute('data-state');
      window.location.replace(page.getAttribute('data-page'));
    }
  }

  /* Soon at first, then at leisure: a page that somebody has left open costs little. */
  function later() {
    clearTimeout(timer);
    if (!page.getAttribute('data-state') || document.hidden) return;
    asked += 1;
    timer = setTimeout(ask, asked < 20 ? 2500 : asked < 60 ? 5000 : 15000);
  }

  function now() {
    asked = 0;
    clearTimeout(timer);
    ask();
  }

  function afterWallet(cancelled) {
    say(cancelled ? 'cancelled' : 'asking');
    now();
  }

  function whenReady(name, event, run) {
    var done = false;
    function ready() {
      if (done) return;
      done = true;
      run();
    }
    if (window[name]) return ready();
    document.addEventListener(event, ready, false);
    setTimeout(function () {
      if (!done && !window[name]) say('silent');
    }, 8000);
  }

  function invokeWechat(info) {
    whenReady('WeixinJSBridge', 'WeixinJSBridgeReady', function () {
      window.WeixinJSBridge.invoke('getBrandWCPayRequest', info, function (answer) {
        afterWallet(/:cancel/.test((answer && answer.err_msg) || ''));
      });
    });
  }

  function invokeAlipay(info) {
    whenReady('AlipayJSBridge', 'AlipayJSBridgeReady', function () {
      window.AlipayJSBridge.call('tradePay', info, function (answer) {
        afterWallet(String(answer && answer.resultCode) === '6001');
      });
    });
  }

  function openWallet() {
    var info = page.getAttribute('data-invoke');
    var link = page.getAttribute('data-open');
    say('');
    if (info) {
      info = JSON.parse(info);
      if (wallet === 'wechat') invokeWechat(info);
      else invokeAlipay(info);
    } else if (link) {
      window.location.href = link;
    }
  }

  /* A form that is sent once does not go out twice; a button that can open the wallet needs no form. */
  function submitted(event) {
    var form = event.target;
    if (navigator.onLine === false) {
      event.preventDefault();
      show('offline', true);
      return;
    }
    if (form.getAttribute('data-opens') && page.getAttribute('data-invoke')) {
      event.preventDefault();
      openWallet();
      return;
    }
    setTimeout(function () {
      busy(true);
    }, 0);
  }

  function busy(is) {
    var buttons = document.querySelectorAll('button.do');
    for (var i = 0; i < buttons.length; i += 1) {
      buttons[i].disabled = is;
      buttons[i].setAttribute('aria-busy', is ? 'true' : 'false');
    }
  }

  document.addEventListener('submit', submitted, false);
  document.addEventListener(
    'visibilitychange',
    function () {
      if (!document.hidden) now();
    },
    false
  );
  window.addEventListener('online', now, false);
  window.addEventListener(
    'offline',
    function () {
      show('offline', true);
    },
    false
  );
  /* Back from the wallet, or by the back button: the page may be an old one. */
  window.addEventListener(
    'pageshow',
    function (event) {
      busy(false);
      if (event.persisted) now();
    },
    false
  );

  if (window.location.hash === '#pay') {
    if (window.history && window.history.replaceState) {
      window.history.replaceState(null, '', window.location.pathname + window.location.search);
    }
    openWallet();
  }
  later();
})();
